"""Audiobox Aesthetics: how good does it sound, to listeners as a network learned them?

Four axes of about 1 to 10: production quality (PQ, the headline), production complexity (PC), content enjoyment (CE)
and content usefulness (CU). Judged at 16 kHz mono, in windows of 10 s without overlap, the last one padded with zeros
and weighted by its length: full-band and spatial quality are outside it. The network answers to silence, and to sound
above 8 kHz only, as to anything: such clips keep their score, with a `warning` in the details, and count in the mean.

A good value: that of real recordings of the same kind, scored in the same run; the axes run from about 1 to 10, and
high PC is not better, only busier.
Not seen: whether the sound fits video, prompt or words; anything above 8 kHz; stereo.

Source: Tjandra et al., "Meta Audiobox Aesthetics" (2025); FastVideo audio.audiobox_aesthetics.
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.quality import quality_details
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.audiobox_aesthetics")
class AudioboxAesthetics(Metric):
    """Production quality (PQ), about 1 to 10; higher is better; CE, CU, PC in the details."""

    direction = "higher"
    unit = "1-10"

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="audio", field="audio", extractor="audiobox"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        details = quality_details(features["audio"].facts)
        return MetricResult(self.name, details["PQ"], details)
