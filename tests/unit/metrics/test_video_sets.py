"""Needs of metrics over sets of videos."""

from __future__ import annotations

from avmeter.metrics.backbones import VIDEO_BACKBONES
from avmeter.metrics.video_sets import video_need


def test_need_has_the_network_and_the_number_of_frames() -> None:
    """No protocol: the extractor knows one way of reading."""
    need = video_need("generated", "video", VIDEO_BACKBONES["i3d"], num_frames=16)
    assert (need.extractor, need.field, need.options) == ("i3d", "video", {"num_frames": 16})
