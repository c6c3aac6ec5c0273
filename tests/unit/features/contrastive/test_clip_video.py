"""CLIP's embedding of a whole clip."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from support.extractors import extract, window_extractor
from support.media import numbered
from support.picture_networks import small_runtime


def clip() -> MediaItem:
    return MediaItem.from_frames(numbered(4), 10.0)


def test_embedding_is_the_mean_over_frames() -> None:
    """Of all, or of the first so many."""
    runtime = small_runtime()
    every = [extract(get_extractor("clip_video", num_frames=n), clip(), runtime) for n in (1, 2, None)]
    alone = extract(get_extractor("clip_video"), MediaItem.from_frames(numbered(4)[1:2], 10.0), runtime)
    expected = (every[0]["embedding"] + alone["embedding"]) / 2
    np.testing.assert_allclose(every[1]["embedding"], expected, rtol=1e-5, atol=1e-6)
    assert [made.facts["num_frames"] for made in every] == [1, 2, 4]


def test_clip_with_fewer_frames_is_a_skip() -> None:
    """Rather than a mean over others; less than one frame is refused."""
    with pytest.raises(SkipError) as caught:
        list(window_extractor("clip_video", num_frames=5).windows(clip()))
    assert caught.value.code is SkipCode.TOO_SHORT
    with pytest.raises(UsageError):
        get_extractor("clip_video", num_frames=0)
