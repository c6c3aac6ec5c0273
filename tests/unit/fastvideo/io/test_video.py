"""Clips as tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.errors import MediaError
from avmeter.fastvideo.io.video import extract_frames, load_video
from support.media import numbered, write_image_folder


def test_file_is_all_its_frames(clips: Path) -> None:
    """Channels before rows, floats from 0 to 1."""
    video = load_video(str(clips / "gen" / "clip_2.mp4"))
    assert (video.shape, video.dtype) == ((4, 3, 64, 96), torch.float32)
    assert 0.9 < float(video.max()) <= 1.0
    assert float(video.min()) >= 0.0


def test_folder_list_and_tensor_are_the_same_frames(tmp_path: Path) -> None:
    """No rate is asked for."""
    frames = numbered(3)
    expected = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    torch.testing.assert_close(load_video(write_image_folder(tmp_path / "images", frames)), expected)
    torch.testing.assert_close(load_video(list(frames)), expected)
    torch.testing.assert_close(load_video(expected.to(torch.bfloat16)), expected.bfloat16().float())
    torch.testing.assert_close(load_video(np.asarray(expected)), expected)


def test_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(MediaError, match=r"absent\.mp4"):
        load_video(tmp_path / "absent.mp4")


def test_frames_are_taken_evenly() -> None:
    """The first and the last among them; all if fewer are there."""
    video = torch.arange(9.0).reshape(9, 1, 1, 1)
    assert extract_frames(video, 3).flatten().tolist() == [0, 4, 8]
    assert extract_frames(video, 20) is video
    assert extract_frames(video) is video
