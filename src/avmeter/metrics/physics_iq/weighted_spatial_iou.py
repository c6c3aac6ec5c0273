"""Weighted spatial IoU of Physics-IQ: does something move in the same places for as long?

For each pixel the share of each clip's frames in which it moves; the sum of the lesser shares over that of the greater.
1 where nothing moves on either side.

A good value: that of a second take of the same scene. The same video has 0.93 on a real clip: masks of one side alone
are encoded; without the round trip it has 1.
Not seen: when something moves there: the order of frames does not count.

Source: Motamed et al., "Do generative video models understand physical principles?" (2025, arXiv 2501.09038); protocol
of FastVideo.
"""

from __future__ import annotations

from avmeter.metrics.physics_iq.base import OverlapMetric
from avmeter.registry import register


@register("physics_iq.weighted_spatial_iou")
class PhysicsIqWeightedSpatialIou(OverlapMetric):
    """Overlap of the shares of time in which pixels move, 0 to 1; higher is better."""

    fact = "weighted_spatial_iou"
