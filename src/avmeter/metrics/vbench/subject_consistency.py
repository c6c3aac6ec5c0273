"""Subject consistency: does what the video shows keep its looks?

DINO embeds every frame; each is compared with the frame before and with the first one, and the mean of both cosines,
not below 0, is averaged over frames. VBench means it for prompts of one subject.

Differs from VBench: its score of a set weighs every frame alike, here every video.

A good value: that of real videos of the same kind and length; VBench's paper has 0.86 to 0.92. A frozen video has 1.
Not seen: whether the right subject is shown, in good quality, or moves at all: a frozen, black or blurred video is
perfectly consistent. Motion, cuts and a moving camera lower it as a change of looks does, and so does a lower frame
rate.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); Caron et al., "DINO"
(2021).
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.frame_consistency import frame_consistency
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("vbench.subject_consistency")
class SubjectConsistency(Metric):
    """Likeness of frames by DINO, 0 to 1; higher is better. A clip of one frame is a skip (FastVideo: 1)."""

    direction = "higher"
    unit = "cosine"
    range = (0.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="frames", field="video", extractor="dino_frames"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        frames = features["frames"]
        return frame_consistency(self.name, frames["embedding"], frames.facts, where=sample.id)
