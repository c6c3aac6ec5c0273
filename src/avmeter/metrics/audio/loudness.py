"""Loudness and signal health: how loud is it, and is it silent, clipped or band-limited?

The headline is integrated loudness in LUFS (ITU-R BS.1770-5 with gating). Neither high nor low is better: compare
with the reference set's, or with a delivery target.

A good value: that of the reference set, or a delivery target such as the -23 LUFS of EBU R 128.
Not seen: what the sound is, and whether it is good.

Source: ITU-R BS.1770-5; EBU R 128, Tech 3341 and 3342.
"""

from __future__ import annotations

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.loudness")
class LoudnessMetric(Metric):
    """Integrated loudness in LUFS; details have range, peaks, silence, clipping, DC offset and bandwidth."""

    direction = "none"
    unit = "LUFS"

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="audio", field="audio", extractor="loudness"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        facts = dict(features["audio"].facts)
        loudness = facts["integrated_lufs"]
        if loudness is None:
            code, reason = facts["reasons"]["integrated_lufs"]
            return MetricResult.skipped(self.name, SkipError(SkipCode(code), f"{sample.id}: {reason}"), details=facts)
        return MetricResult(self.name, loudness, facts)
