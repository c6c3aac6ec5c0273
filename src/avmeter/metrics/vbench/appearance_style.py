"""Appearance style: does every frame look as the text says?

The mean over frames of the cosine of two embeddings by CLIP ViT-B/32: of the frame, and of `text_prompt`. VBench gives
it the name of the style alone ("Van Gogh style"), which is a part of the video's prompt; FastVideo, and so this metric,
reads `text_prompt`: give it the style alone to compare with papers. It reads 77 tokens; a note says when that was not
all.

Differs from VBench: frames are resized as floats without antialiasing (as in FastVideo), there as images by Pillow,
which smooths; its score of a set weighs every frame alike, here every video.

A good value: that of real pictures with their captions, scored in the same run; VBench's paper has 0.22 to 0.24.
Not seen: motion and the order of frames, and image quality where the things are recognised.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); Radford et al., "CLIP"
(2021).
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.cosine import cosines
from avmeter.metrics.details import prompt_details
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

_OPTIONS = {"model": "clip-vit-b-32"}


@register("vbench.appearance_style")
class AppearanceStyle(Metric):
    """Mean cosine of frames and text, -1 to 1; higher is better."""

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (
            Need(name="frames", field="video", extractor="clip_frames", options=_OPTIONS),
            Need(name="text", field="text_prompt", extractor="clip_text", options=_OPTIONS),
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        frames, text = features["frames"], features["text"]
        per_frame = cosines(frames["embedding"], text["embedding"], where=sample.id)
        details = {"per_frame": [float(value) for value in per_frame], **frames.facts, **prompt_details(text.facts)}
        return MetricResult(self.name, float(per_frame.mean()), details)
