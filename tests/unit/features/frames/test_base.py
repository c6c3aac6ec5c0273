"""Frame rates, and frames as bytes."""

from __future__ import annotations

import numpy as np

from avmeter.features.frames.base import as_bytes, as_unit, frame_rate
from avmeter.media import MediaItem
from support.media import numbered


def test_rate_comes_from_presentation_times() -> None:
    """Of one frame there is none."""
    assert frame_rate(MediaItem.from_frames(numbered(9), 12.5)) == 12.5
    assert frame_rate(MediaItem.from_frames(numbered(1), 12.5)) is None


def test_bytes_survive_the_way_through_floats() -> None:
    """Truncation, which is published, takes no step from any of the 256 values."""
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    np.testing.assert_array_equal(as_bytes(as_unit(values)), values)
