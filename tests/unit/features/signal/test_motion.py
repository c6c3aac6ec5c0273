"""Motion between frames: where something moves, how much, and what is still."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, get_extractor
from avmeter.media import MediaItem
from support import require
from support.media import tone, write_pcm_wav

require.package("cv2")


def motion(frames: np.ndarray, fps: float = 10) -> Features:
    extractor: Any = get_extractor("motion")
    found: Features = extractor.extract(MediaItem.from_frames(frames, fps))
    return found


def texture(height: int = 96, width: int = 128) -> np.ndarray:
    """Smooth noise: what optical flow can follow."""
    import cv2

    rng = np.random.default_rng(0)
    return cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3)).astype(np.uint8), (0, 0), 3) * 2  # type: ignore[no-any-return]


def moving(shifts: list[int]) -> np.ndarray:
    return np.stack([np.roll(texture(), int(shift), axis=1) for shift in np.cumsum(shifts)])


def test_magnitude_is_the_shift_in_pixels_and_the_first_is_repeated() -> None:
    """Four frames stand still, then all of it moves by 2 pixels a frame."""
    found = motion(moving([0, 0, 0, 0, 2, 2, 2]))
    assert found["times_s"].tolist() == pytest.approx([i / 10 for i in range(7)])
    assert found["magnitude"][:4].max() < 0.05
    assert found["magnitude"][0] == found["magnitude"][1]
    assert found["magnitude"][4:].mean() == pytest.approx(2, abs=0.5)


def test_noise_of_an_encoder_is_no_motion() -> None:
    """No frame differs from the first by more than 10 steps: 0 everywhere, though flow follows the noise."""
    rng = np.random.default_rng(1)
    frames = np.stack([np.clip(texture() + rng.integers(-4, 5, (96, 128, 3)), 0, 255) for _ in range(5)])
    assert motion(frames.astype(np.uint8))["magnitude"].tolist() == [0.0] * 5


def test_large_frames_are_shrunk_to_480_pixels_before_flow() -> None:
    """The request says so; small ones come as they are."""
    extractor: Any = get_extractor("motion")
    for height, short_side in ((480, None), (481, 480)):
        (request,) = extractor.requests(MediaItem.from_frames(np.zeros((4, height, 700, 3), np.uint8), 10))
        assert (request.resize and request.resize.short_side) == short_side


@pytest.mark.parametrize("num_frames", [1, 2])
def test_peaks_need_three_frames(num_frames: int) -> None:
    """Fewer are too short, with their number."""
    with pytest.raises(SkipError, match=f"{num_frames} frames") as caught:
        motion(moving([0] * num_frames))
    assert caught.value.code == SkipCode.TOO_SHORT


def test_clip_without_video_is_skipped_by_name(tmp_path: Path) -> None:
    """The skip is that of the medium."""
    extractor: Any = get_extractor("motion")
    with MediaItem.open(write_pcm_wav(tmp_path / "a.wav", tone(440, 0.3, 16_000, 1.0), 16_000)) as item:
        with pytest.raises(SkipError) as caught:
            extractor.extract(item)
        assert caught.value.code == SkipCode.NO_VIDEO_TRACK
