"""What metrics over sets of videos share: features of generated and of reference videos by one network."""

from __future__ import annotations

from avmeter.metrics.backbones import Backbone
from avmeter.metrics.base import Need


def video_need(
    name: str, field_name: str, backbone: Backbone, *, num_frames: int | None, optional: bool = False
) -> Need:
    """Return the need for a backbone's features of a sample's video, which every protocol reads alike."""
    options = {**backbone.options, "num_frames": num_frames}
    return Need(name=name, field=field_name, extractor=backbone.extractor, options=options, optional=optional)
