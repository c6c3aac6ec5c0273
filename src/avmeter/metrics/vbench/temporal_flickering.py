"""Temporal flickering: how much does each frame differ from the next?

(255 - mean absolute difference of neighbouring frames) / 255, in steps of 8 bits. VBench means it for prompts of still
scenes; motion and cuts lower it as flicker does.

A good value: that of real videos of the same kind; VBench reports 0.95 to 0.99. A frozen video has 1.
Not seen: whether a difference is flicker or motion, and anything that does not change from frame to frame: a frozen,
black, blurred, coarsely coded or meaningless video has a perfect score, and held frames raise it. Frame rate counts:
twice the frames are half the difference.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024).
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.details import with_notes
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("vbench.temporal_flickering")
class TemporalFlickering(Metric):
    """Likeness of neighbouring frames, 0 to 1; higher is better. A clip of one frame has 1, as published."""

    direction = "higher"
    range = (0.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="changes", field="video", extractor="frame_changes"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        mae = features["changes"]["mae"]
        score = (255.0 - float(mae.mean())) / 255.0 if len(mae) else 1.0
        details = {"per_pair_mae": [float(value) for value in mae], **features["changes"].facts}
        notes = [] if len(mae) else ["a clip of one frame cannot flicker: 1, as published"]
        return MetricResult(self.name, score, with_notes(details, notes))
