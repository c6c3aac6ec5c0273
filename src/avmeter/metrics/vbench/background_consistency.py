"""Background consistency: does the scene stay the same?

CLIP ViT-B/32 embeds every frame; each is compared with the frame before and with the first one, and the mean of both
cosines, not below 0, is averaged over frames. VBench means it for prompts of one scene.

Differs from VBench: its score of a set weighs every frame alike, here every video.

A good value: that of real videos of the same kind and length; VBench's paper has 0.93 to 0.97. A frozen video has 1.
Not seen: whether the right scene is shown, and which part of a frame changed: nothing separates the background from
what is before it. A frozen, black or blurred video is perfectly consistent; cuts lower it, and so does a lower frame
rate where things move.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); Radford et al., "CLIP"
(2021).
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.frame_consistency import frame_consistency
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("vbench.background_consistency")
class BackgroundConsistency(Metric):
    """Likeness of frames by CLIP, 0 to 1; higher is better. A clip of one frame is a skip (FastVideo: 1)."""

    direction = "higher"
    unit = "cosine"
    range = (0.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="frames", field="video", extractor="clip_frames", options={"model": "clip-vit-b-32"}),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        frames = features["frames"]
        return frame_consistency(self.name, frames["embedding"], frames.facts, where=sample.id)
