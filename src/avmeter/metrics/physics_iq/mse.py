"""Mean squared error of Physics-IQ: how far are the pixels of a video from those of the filmed scene?

Frames of equal number, scaled to a quarter of the reference's width and height, values from 0 to 1, RGB; each frame's
error is rounded to 4 decimals as published, then their mean. FastVideo raises where one clip is longer; here the frames
that both have are compared, and a note says so.

A good value: that of a second take of the same scene; 0 is the same video.
Not seen: what moves: a static scene with a small object lost in it has a small error.

Source: Motamed et al., "Do generative video models understand physical principles?" (2025, arXiv 2501.09038); protocol
of FastVideo.
"""

from __future__ import annotations

from avmeter.metrics.physics_iq.base import FrameMeanMetric
from avmeter.registry import register


@register("physics_iq.mse")
class PhysicsIqMse(FrameMeanMetric):
    """Mean squared error of frames at a quarter of the size, from 0; lower is better."""

    direction = "lower"
    range = (0.0, 1.0)
    array = "mse"
