"""Temporal style."""

from __future__ import annotations

from avmeter.metrics.resolve import get_metric


def test_video_and_prompt_are_compared() -> None:
    """By ViCLIP."""
    metric = get_metric("vbench.temporal_style")
    assert {n.name: (n.field, n.extractor) for n in metric.needs} == {
        "video": ("video", "viclip_video"), "text": ("text_prompt", "viclip_text"),
    }  # fmt: skip
    assert (metric.direction, metric.range) == ("higher", (-1.0, 1.0))
