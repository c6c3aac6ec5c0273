"""DNSMOS P.835 and P.808: how good does generated speech sound, without a reference?

The headline is OVRL (overall quality). Trained on noisy and enhanced English speech at 16 kHz: it says little about
music and effects, nothing about content above 8 kHz, and takes silence for a bad recording.

A good value: that of the reference speech; the scale is that of opinion scores, 1 bad to 5 excellent.
Not seen: what is said, who says it, and content above 8 kHz.

Source: Reddy, Gopal, Cutler, "DNSMOS P.835" (ICASSP 2022).
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.dnsmos")
class DnsmosMetric(Metric):
    """Overall quality of speech on the scale of mean opinion scores, about 1 to 5; higher is better."""

    direction = "higher"
    unit = "MOS"
    range = (0.0, 5.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="audio", field="audio", extractor="dnsmos"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        facts = features["audio"].facts
        return MetricResult(self.name, facts["ovrl"], dict(facts))
