"""VideoMAE's clips."""

from __future__ import annotations

import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from support.extractors import extract, window_extractor
from support.media import numbered
from support.picture_networks import small_runtime


def test_first_sixteen_frames_have_an_embedding() -> None:
    """Of a longer clip too."""
    made = extract(get_extractor("videomae"), MediaItem.from_frames(numbered(18), 10.0), small_runtime())
    assert made["embedding"].shape == (48,)
    assert made.facts == {"num_frames": 16}


def test_shorter_clip_is_a_skip() -> None:
    """With both numbers."""
    with pytest.raises(SkipError, match="15 frames; VideoMAE needs 16") as caught:
        next(iter(window_extractor("videomae").windows(MediaItem.from_frames(numbered(15), 10.0))))
    assert caught.value.code is SkipCode.TOO_SHORT


def test_other_number_of_frames_is_refused() -> None:
    """The network has positions for sixteen."""
    with pytest.raises(UsageError, match="num_frames is 10"):
        get_extractor("videomae", num_frames=10)
