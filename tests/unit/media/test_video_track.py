"""One decoding pass for all requests, and frames that are not there."""

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode, UsageError
from avmeter.media import FrameRequest, MediaItem
from support.media import numbered, write_media

NOISE = np.random.default_rng(0).integers(0, 256, (6, 60, 81, 3), np.uint8)


def test_frame_beyond_the_last_is_a_usage_error():
    """Indices count in the times of the item."""
    with pytest.raises(UsageError, match="frame 6 of 6"):
        MediaItem.from_frames(NOISE, 25).frames(FrameRequest(indices=(6,)))


def test_no_indices_give_no_frames():
    """An empty request is served."""
    assert len(MediaItem.from_frames(NOISE, 25).frames(FrameRequest(indices=()))) == 0


def test_one_decoding_pass_serves_everybody(tmp_path, monkeypatch):
    """Requests that were announced cost one pass together."""
    from avmeter.media import file_reader

    path = write_media(tmp_path / "a.mp4", frames=numbered(30), gop=10)
    calls = []
    original = file_reader.decode_frames
    monkeypatch.setattr(file_reader, "decode_frames", lambda *a, **k: calls.append(a) or original(*a, **k))
    requests = [FrameRequest(indices=(i, 29 - i), output="uint8") for i in range(4)]
    with MediaItem.open(path) as item:
        item.add_requests(*requests)
        found = [item.frames(r) for r in requests]
    assert len(calls) == 1
    for request, frames in zip(requests, found, strict=True):
        levels = np.asarray(frames).astype(float).mean(axis=(1, 2, 3))
        assert np.abs(levels - (10 + 4 * np.array(request.indices))).max() <= 2


def test_undecodable_frame_is_named(tmp_path, monkeypatch):
    """The message says which frame, and how many of those requested were decoded."""
    from avmeter.media import file_reader

    path = write_media(tmp_path / "a.mp4", frames=numbered(10))
    original = file_reader.decode_frames
    monkeypatch.setattr(file_reader, "decode_frames", lambda *a, **k: (f for f in original(*a, **k) if f[0] < 7))
    with MediaItem.open(path) as item:
        whole, broken = FrameRequest(indices=(0, 6)), FrameRequest(indices=(0, 6, 8))
        item.add_requests(whole, broken)
        assert len(item.frames(whole)) == 2
        with pytest.raises(MediaError, match=r"frame 8 cannot be decoded \(2 of 3 requested frames were") as caught:
            item.frames(broken)
    assert caught.value.code is SkipCode.DECODE_ERROR
