"""Frames for metrics that ask for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.errors import MediaError
from avmeter.metrics.decoded_frames import decode_frames, with_decoded_frames
from avmeter.sample import MediaSource, Sample
from support.media import numbered, write_media


def test_frames_of_a_file_come_in_the_order_shown(tmp_path: Path) -> None:
    """All of them, lossless as the file is."""
    frames = numbered(5)
    path = write_media(tmp_path / "a.mkv", frames=frames, fps=8, video_codec="ffv1", pixel_format="bgr0")
    found = decode_frames(MediaSource(path=path))
    torch.testing.assert_close(found, torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255)


def test_frames_in_memory_need_no_rate() -> None:
    """Bytes are scaled, a batch of one is unpacked."""
    frames = numbered(2)
    found = decode_frames(MediaSource(frames=frames[None].transpose(0, 1, 4, 2, 3)))
    torch.testing.assert_close(found, torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255)


def test_tensors_of_floats_stay_and_texts_are_untouched(tmp_path: Path) -> None:
    """The values that the trainer gave, in single precision."""
    video = torch.rand(2, 3, 4, 4, dtype=torch.float64)
    row = {"video": video, "reference": np.zeros((2, 4, 4, 3), np.uint8), "text_prompt": "x", "level": 3}
    found = with_decoded_frames(row, Sample.of(row), "cpu")
    assert torch.equal(found["video"], video.float())
    assert found["reference"].shape == (2, 3, 4, 4)
    assert (found["text_prompt"], found["level"], set(found)) == ("x", 3, set(row))


def test_clip_without_video_is_a_named_failure(tmp_path: Path) -> None:
    """A skip of this metric and no other."""
    row = {"video": str(tmp_path / "absent.mp4")}
    with pytest.raises(MediaError, match=r"absent\.mp4"):
        with_decoded_frames(row, Sample.of(row), "cpu")
