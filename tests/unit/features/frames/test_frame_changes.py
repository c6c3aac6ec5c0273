"""Differences of neighbouring frames."""

from __future__ import annotations

import numpy as np

from avmeter.features.frames.frame_changes import FrameChangesExtractor
from avmeter.media import MediaItem
from support.frame_pairs import waves_and_noise
from support.media import numbered


def test_change_of_each_pair_is_the_mean_of_absolute_differences() -> None:
    """Both ways, without wrapping around at 0."""
    frames, _ = waves_and_noise()
    found = FrameChangesExtractor().extract(MediaItem.from_frames(frames, 25))
    expected = np.abs(np.diff(frames.astype(np.int64), axis=0)).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found["mae"], expected, rtol=1e-12)


def test_clip_of_one_frame_has_no_changes() -> None:
    """An empty array, which the metric reads as published."""
    found = FrameChangesExtractor().extract(MediaItem.from_frames(numbered(1), 25))
    assert found["mae"].shape == (0,)
