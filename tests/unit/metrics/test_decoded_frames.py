"""Frames for metrics that ask for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.errors import MediaError, SkipCode
from avmeter.metrics import decoded_frames
from avmeter.metrics.decoded_frames import decode_frames, frames_decoded_once, with_decoded_frames
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


def test_frames_are_decoded_once_for_all_metrics_of_a_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a copy: what one does to it, the next does not see."""
    calls = []
    original = decode_frames
    monkeypatch.setattr(decoded_frames, "decode_frames", lambda source: calls.append(source) or original(source))
    row = {"video": write_media(tmp_path / "a.mkv", frames=numbered(3), fps=8)}
    sample = Sample.of(row)
    with frames_decoded_once():
        one = with_decoded_frames(row, sample, "cpu")["video"]
        expected = one.clone()
        one.zero_()
        assert torch.equal(with_decoded_frames(row, sample, "cpu")["video"], expected)
    assert len(calls) == 1
    with_decoded_frames(row, sample, "cpu")
    assert len(calls) == 2


def test_channels_in_front_are_put_behind_the_time() -> None:
    """As a VAE gives them: (B, C, T, H, W) and (C, T, H, W)."""
    frames = torch.rand(8, 3, 4, 6)
    for video in (frames.transpose(0, 1), frames.transpose(0, 1)[None], frames[None].bfloat16().float()):
        row = {"video": video}
        assert with_decoded_frames(row, Sample.of(row), "cpu")["video"].shape == (8, 3, 4, 6)


def test_frames_that_are_no_numbers_are_a_named_skip() -> None:
    """Whatever the metric would have made of NaN."""
    row = {"video": torch.full((2, 3, 4, 4), float("nan"))}
    with pytest.raises(MediaError) as caught:
        with_decoded_frames(row, Sample.of(row), "cpu")
    assert caught.value.code == SkipCode.NON_FINITE
