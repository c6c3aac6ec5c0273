"""Temporal style: does the video have the motion, or the camera's motion, that its prompt says?

The same cosine as `vbench.overall_consistency`, of ViCLIP's embeddings of eight frames and of `text_prompt`; VBench
asks it of prompts of one style in time ("..., in slow motion", "..., camera pans left"). It reads 32 tokens, begin and
end included; a note says when that was not all.

Differs from VBench as `vbench.overall_consistency` does.

A good value: that of real videos with their captions, scored in the same run; VBench's paper has 0.25 to 0.26 for the
better three of its four models.
Not seen: what happens between the eight frames, and frame rate: slow motion is judged by what is seen in them. What is
shown weighs more than how it moves.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); Wang et al.,
"InternVid" (2024).
"""

from __future__ import annotations

from avmeter.metrics.viclip_metric import ViClipMetric
from avmeter.registry import register


@register("vbench.temporal_style")
class TemporalStyle(ViClipMetric):
    """Cosine of video and prompt by ViCLIP, -1 to 1; higher is better."""
