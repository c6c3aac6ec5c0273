"""Images that stand for a clip."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from avmeter.features.judge.images import LONG_SIDE, JudgeImages, middle_frames
from avmeter.media import MediaItem
from golden.scenes import scene


@pytest.mark.parametrize(
    ("num_frames", "num_images", "indices"),
    [(16, 4, [1, 5, 9, 13]), (3, 4, [0, 1, 2]), (1, 16, [0]), (10, 3, [1, 4, 7])],
)
def test_frames_are_the_middles_of_equal_parts(num_frames: int, num_images: int, indices: list[int]) -> None:
    """As VBench takes them; a short clip has each of its frames once."""
    assert middle_frames(num_frames, num_images) == indices


def test_images_are_jpeg_of_bounded_size_at_known_times() -> None:
    """Each shows its frame."""
    frames = np.repeat(np.repeat(scene(6), 4, 1), 4, 2)
    made = JudgeImages(num_images=3).extract(MediaItem.from_frames(frames, fps=10))
    ends = np.cumsum(made["sizes"])
    first = made["jpeg"].tobytes()[: ends[0]]
    assert (len(ends), ends[-1]) == (3, made["jpeg"].size)
    assert made["times_s"].tolist() == pytest.approx([0.0, 0.2, 0.4])
    assert made.facts == {"num_frames": 6}
    with av.open(io.BytesIO(first), format="mjpeg") as opened:
        image = next(opened.decode(video=0)).to_ndarray(format="rgb24")
    assert max(image.shape) == LONG_SIDE
    shrunk = frames[0][::2, ::2].astype(float)
    assert abs(shrunk.mean() - image.mean()) < 3
