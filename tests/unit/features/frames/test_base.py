"""Frame rates, frames as bytes, and pairs of frames for networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import get_extractor
from avmeter.features.frame_stream import as_bytes
from avmeter.features.frames.base import as_pictures, as_unit, frame_rate
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


def clip(num_frames: int, height: int = 32, width: int = 48) -> MediaItem:
    """Grey frames, one step brighter each."""
    steps = np.arange(num_frames, dtype=np.uint8)[:, None, None, None]
    return MediaItem.from_frames(np.broadcast_to(steps, (num_frames, height, width, 3)).copy(), 10.0)


@pytest.mark.parametrize("name", ["lpips", "dists"])
def test_every_shared_frame_is_a_window_of_both_clips(name: str) -> None:
    """At their own size, as they were decoded; what is longer is cut."""
    windows = list(get_extractor(name).windows((clip(5), clip(3))))
    assert [int(w.inputs["generated"][0, 0, 0]) for w in windows] == [0, 1, 2]
    assert [int(w.inputs["reference"][0, 0, 0]) for w in windows] == [0, 1, 2]
    assert windows[0].inputs["generated"].shape == (32, 48, 3)
    assert windows[0].inputs["generated"].dtype == np.uint8


@pytest.mark.parametrize(("name", "side"), [("lpips", 30), ("dists", 15)])
def test_frames_that_are_too_small_are_a_skip(name: str, side: int) -> None:
    """The reason has the size that is needed; one pixel more is enough."""
    extractor = get_extractor(name)
    with pytest.raises(SkipError, match=f"frames of {side + 1} or more") as caught:
        extractor.consumer(clip(2, height=side), clip(2, height=side))
    assert caught.value.code == SkipCode.TOO_SHORT
    extractor.consumer(clip(2, height=side + 1), clip(2, height=side + 1))


def test_bytes_and_floats_are_the_same_pictures() -> None:
    """Channels first, from 0 to 1."""
    frames = torch.arange(48, dtype=torch.uint8).reshape(1, 4, 4, 3)
    torch.testing.assert_close(as_pictures(frames), as_pictures(frames.float() / 255))
    assert as_pictures(frames)[0, 1, 0, 2] == pytest.approx(7 / 255)
