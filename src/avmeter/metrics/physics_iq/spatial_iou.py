"""Spatial IoU of Physics-IQ: does something move in the same places, whenever?

Each clip's pixels that move at any time; intersection over union of the two areas. 1 where nothing moves on either
side.

A good value: that of a second take of the same scene. The same video has 0.99 on a real clip, with the round trip of
masks.
Not seen: when and how often something moves there: a video played backwards has nearly the same area.

Source: Motamed et al., "Do generative video models understand physical principles?" (2025, arXiv 2501.09038); protocol
of FastVideo.
"""

from __future__ import annotations

from avmeter.metrics.physics_iq.base import OverlapMetric
from avmeter.registry import register


@register("physics_iq.spatial_iou")
class PhysicsIqSpatialIou(OverlapMetric):
    """Intersection over union of the areas of motion, 0 to 1; higher is better."""

    fact = "spatial_iou"
