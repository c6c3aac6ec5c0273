"""NISQA: how good does transmitted speech sound, and what spoils it, without a reference?

A small network, taught by listening tests of telephone and video calls, coding, noise, lost packets and filters. It
gives an overall opinion (`mos`, the headline) and four more, of which each is better when higher: `noisiness` (5: no
noise), `discontinuity` (5: no gaps), `coloration` (5: nothing dull, hollow or metallic), `loudness` (5: neither too
loud nor too quiet). This is NISQA v2 (`nisqa.tar`); the weights of its authors for synthetic speech are another
checkpoint.

A clip is read at its own sample rate, up to 20 kHz, as published: the same speech at 16 kHz lacks its upper band, which
the network hears. Compare clips of one rate (`sample_rate` in the details). Level counts. Channels are averaged. Beyond
52 s, which the published program refuses, a clip is cut and the mean weighted by duration. The network answers to
silence, music and effects as to anything: silence has a `warning` in the details, and counts in the mean.

The weights are licensed CC BY-NC-SA 4.0: not for commercial use.

A good value: that of the reference speech in the same run, on the scale of opinion scores, 1 bad to 5 excellent.
Not seen: what is said, who says it, stereo, anything above 20 kHz. No judge of music or effects, nor of how natural
synthetic speech is: see `audio.utmos`.

Source: Mittag et al., "NISQA: A Deep CNN-Self-Attention Model for Multidimensional Speech Quality Prediction with
Crowdsourced Datasets" (Interspeech 2021).
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.quality import quality_details
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.nisqa")
class NisqaMetric(Metric):
    """Overall opinion of speech, about 1 to 5 without bounds; higher is better; four dimensions in the details."""

    direction = "higher"
    unit = "MOS"

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="audio", field="audio", extractor="nisqa"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        details = quality_details(features["audio"].facts)
        return MetricResult(self.name, details["mos"], details)
