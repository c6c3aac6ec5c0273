"""Overall consistency: does the video show what its prompt says?

The cosine of two embeddings by ViCLIP: of eight frames from the first to the last, and of `text_prompt`. It reads 32
tokens, begin and end included; a note says when that was not all.

Differs from VBench, as FastVideo does: there the frames are the middles of eight equal parts, resized as bytes without
antialiasing, and a video of fewer than eight frames repeats its last one; here it is a skip.

A good value: that of real videos with their captions, scored in the same run; VBench's paper has 0.25 to 0.26 for the
better three of its four models.
Not seen: the sound, what happens between the eight frames, image quality where the things are recognised, and what a
prompt of more than 30 tokens says last: most prompts of today's models are longer.

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); Wang et al.,
"InternVid" (2024).
"""

from __future__ import annotations

from avmeter.metrics.viclip_metric import ViClipMetric
from avmeter.registry import register


@register("vbench.overall_consistency")
class OverallConsistency(ViClipMetric):
    """Cosine of video and prompt by ViCLIP, -1 to 1; higher is better."""
