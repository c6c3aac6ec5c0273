"""Grey frames through MPEG-4 and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media.round_trip import Mpeg4RoundTrip
from golden.scenes import scene
from support import require


def masks(num: int, height: int, width: int) -> np.ndarray:
    """Black and white, and something moves."""
    grey = scene(num, height=height, width=width)[..., 0]
    return np.where(grey > 120, 255, 0).astype(np.uint8)


def returned(frames: np.ndarray, fps: int) -> np.ndarray:
    trip = Mpeg4RoundTrip(width=frames.shape[2], height=frames.shape[1], fps=fps)
    through = [out for frame in frames for out in trip.add(frame)]
    return np.stack([*through, *trip.finish()])


@pytest.mark.parametrize("size", [(96, 128), (119, 163)])
def test_frames_are_those_of_opencv(size: tuple[int, int], tmp_path: Path) -> None:
    """To the level, with odd sizes cut."""
    cv2 = require.package("cv2")
    frames = masks(30, *size)
    even = (size[1] & -2, size[0] & -2)
    path = str(tmp_path / "masks.mp4")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"mp4v"), 25, size[::-1], isColor=False)
    for frame in frames:
        writer.write(frame)
    writer.release()
    capture = cv2.VideoCapture(path)
    expected = [capture.read()[1][:, :, 0] for _ in frames]
    capture.release()
    found = returned(frames, 25)
    assert found.shape[1:] == even[::-1]
    assert np.array_equal(found, np.stack(expected))
    assert not np.array_equal(found, frames[:, : even[1], : even[0]])  # it is lossy


def test_frames_too_small_to_encode_are_a_named_skip() -> None:
    """By their size."""
    with pytest.raises(MediaError, match="1x40") as caught:
        Mpeg4RoundTrip(width=1, height=40, fps=10)
    assert caught.value.code is SkipCode.UNSUPPORTED
