"""Spatiotemporal IoU of Physics-IQ: does something move in the same places at the same time?

Intersection over union of the masks of motion, frame by frame, each rounded to 4 decimals as published, then their
mean. A frame in which nothing moves on either side counts as 1, so that still stretches raise the score.

A good value: that of a second take of the same scene. The same video has 0.92 on a real clip: masks of one side alone
are encoded; without the round trip it has 1.
Not seen: what moves, and how fast within a mask. A video that stands still where the reference does has a good score
there.

Source: Motamed et al., "Do generative video models understand physical principles?" (2025, arXiv 2501.09038); protocol
of FastVideo.
"""

from __future__ import annotations

from avmeter.metrics.physics_iq.base import FrameMeanMetric
from avmeter.registry import register


@register("physics_iq.spatiotemporal_iou")
class PhysicsIqSpatiotemporalIou(FrameMeanMetric):
    """Mean intersection over union of masks of motion, 0 to 1; higher is better."""

    direction = "higher"
    range = (0.0, 1.0)
    array = "iou"
