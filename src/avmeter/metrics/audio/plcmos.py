"""PLCMOS: how good does speech sound where lost packets were filled in, without a reference?

Opinion score of a network that was trained on recordings with lost packets and their concealment: it listens for
gaps, repeats and robotic stretches, which generated speech has as well. It reads a clip as a whole, at 16 kHz, and
answers for one simulated listener at a time:

    MOS = mean of 15 simulated listeners

The published program draws other listeners at every call, which moves its score by a few hundredths; here they are the
same ones for every clip, so a clip has one score. `listener_std` in the details is their spread. Level counts. The
network answers to silence, music and effects as to anything: silence, and sound above 8 kHz only, have a `warning`. A
sentence with a fifth of it missing falls from 4.3 to 1.5, but white noise in its place has 4.2: read it beside
`audio.dnsmos`.

A good value: that of the reference speech in the same run; clean speech has 4 and more, on the scale of opinion
scores, 1 bad to 5 excellent.
Not seen: steady noise, what is said, who says it, anything above 8 kHz, stereo. No judge of music or effects.

Source: Diener et al., "PLCMOS: a data-driven non-intrusive metric for the evaluation of packet loss concealment
algorithms" (Interspeech 2023).
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.quality import quality_details
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.plcmos")
class PlcmosMetric(Metric):
    """Mean opinion score of speech with concealed losses, about 1 to 5; higher is better."""

    direction = "higher"
    unit = "MOS"
    range = (0.0, 5.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="audio", field="audio", extractor="plcmos"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        details = quality_details(features["audio"].facts)
        return MetricResult(self.name, details["mos"], details)
