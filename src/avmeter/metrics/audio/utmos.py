"""UTMOS: how natural would listeners call this synthetic speech, without a reference?

The strong learner of UTMOS22: wav2vec 2.0 with a recurrent head, trained on the listening tests of the VoiceMOS
Challenge 2022 (Blizzard and Voice Conversion Challenges, 16 kHz English). Most papers on speech synthesis that report
"UTMOS" mean this checkpoint, by SpeechMOS. It reads a clip as a whole; beyond 30 s it is cut, and the mean is weighted
by duration (`num_windows` in the details). Level counts. Channels are averaged.

The network answers to silence, music and effects as to anything: silence, and sound above 8 kHz only, have a `warning`
in the details, and count in the mean.

A good value: that of real speech of the same kind in the same run; papers report 4.0 to 4.5 for clean English, on the
scale of opinion scores, 1 bad to 5 excellent.
Not seen: what is said, who says it, anything above 8 kHz, stereo. Read English synthesis is what it knows; noise and
music beside speech are not what it was asked about.

Source: Saeki et al., "UTMOS: UTokyo-SaruLab System for VoiceMOS Challenge 2022" (Interspeech 2022), by
tarepan/SpeechMOS 1.2.0.
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.quality import quality_details
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.utmos")
class UtmosMetric(Metric):
    """Mean opinion score of synthetic speech, about 1 to 5 without bounds; higher is better."""

    direction = "higher"
    unit = "MOS"

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="audio", field="audio", extractor="utmos"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        details = quality_details(features["audio"].facts)
        return MetricResult(self.name, details["mos"], details)
