"""I3D's clips."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.video.i3d import I3dExtractor
from avmeter.media import MediaItem


def clip(num_frames: int) -> MediaItem:
    """Grey frames, one step brighter each, 8 x 16 pixels."""
    steps = np.arange(num_frames, dtype=np.uint8)[:, None, None, None]
    return MediaItem.from_frames(np.broadcast_to(steps, (num_frames, 8, 16, 3)).copy(), 10.0)


def test_all_frames_are_one_stretched_clip() -> None:
    """(3, T, 224, 224) in [0, 1], in order of time."""
    (window,) = I3dExtractor().windows(clip(12))
    assert window.inputs["clip"].shape == (3, 12, 224, 224)
    np.testing.assert_allclose(window.inputs["clip"][0, :, 5, 7], np.arange(12) / 255, atol=1e-6)


def test_first_frames_are_read_where_a_number_is_asked_for() -> None:
    """`num_frames=10` of twelve."""
    extractor = I3dExtractor(num_frames=10)
    (window,) = extractor.windows(clip(12))
    assert window.inputs["clip"].shape[1] == 10
    assert extractor.facts(clip(12)) == {"num_frames": 10}


@pytest.mark.parametrize(("num_frames", "length"), [(None, 9), (16, 15)])
def test_short_clip_is_a_skip(num_frames: int | None, length: int) -> None:
    """Under ten frames, or fewer than were asked for."""
    with pytest.raises(SkipError) as caught:
        list(I3dExtractor(num_frames=num_frames).windows(clip(length)))
    assert caught.value.code == SkipCode.TOO_SHORT


def test_too_few_frames_cannot_be_asked_for() -> None:
    """Under ten."""
    with pytest.raises(UsageError, match="num_frames is 9"):
        I3dExtractor(num_frames=9)
