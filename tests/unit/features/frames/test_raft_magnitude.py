"""How far the fastest pixels move."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError
from avmeter.features.frames import base
from avmeter.features.frames.raft_flow_errors import RaftFlowErrors
from avmeter.features.frames.raft_magnitude import RaftMagnitude
from avmeter.media import MediaItem
from golden.scenes import scene
from support.flow_networks import flow_runtime
from support.media import numbered


def clip(num: int, fps: float, side: int = 128) -> MediaItem:
    return MediaItem.from_frames(numbered(num, side, side), fps)


def frames_read(num: int, fps: float) -> list[tuple[int, int]]:
    """Numbers of the frames of each window."""
    windows = list(RaftMagnitude().windows(clip(num, fps)))
    return [tuple((int(w.inputs[name][0, 0, 0]) - 10) // 4 for name in ("before", "after")) for w in windows]


@pytest.mark.parametrize(("fps", "interval"), [(5, 1), (8, 1), (20, 2), (24, 3), (25, 3), (28, 4), (60, 8)])
def test_about_eight_frames_a_second_are_read(fps: float, interval: int) -> None:
    """Half of an even interval is rounded down, as published."""
    numbers = list(range(0, 4 * interval, interval))
    assert frames_read(3 * interval + 1, fps) == list(itertools.pairwise(numbers))
    assert RaftMagnitude().consumer(clip(4 * interval, fps)).finish()["num_frames_read"] == 4


@torch.no_grad()
def test_bytes_and_floats_of_one_frame_have_one_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the border that makes its sides multiples of 8; other extractors share the network."""
    monkeypatch.setattr(base, "RAFT_ITERATIONS", 1)
    extractor = RaftMagnitude()
    extractor.load(flow_runtime())
    before, after = (torch.from_numpy(frame)[None] for frame in scene(2, height=128, width=131))
    flow, border = extractor.flow(before, after)
    of_floats, _ = extractor.flow(before.float() / 255, after.float() / 255)
    assert flow.shape == (1, 2, 128, 136)
    assert border.removed(flow).shape == (1, 2, 128, 131)
    torch.testing.assert_close(flow, of_floats, atol=float(flow.abs().max()) * 1e-4, rtol=0)
    assert extractor.network_key() == RaftFlowErrors().network_key()


def test_fastest_twentieth_is_averaged() -> None:
    """Of every pixel, those of the border too."""
    extractor = RaftMagnitude()
    flow = torch.zeros(1, 2, 8, 10)
    flow[0, :, 0, :4] = torch.tensor([[3.0, 3.0, 3.0, 6.0], [4.0, 4.0, 4.0, 8.0]])
    extractor.flow = lambda before, after: (flow, None)  # type: ignore[assignment, method-assign]
    found = extractor.forward({"before": flow, "after": flow})["magnitude"]
    assert found.tolist() == [(10 + 5 + 5 + 5) / 4]


def test_frames_too_few_or_too_small_are_a_named_skip() -> None:
    """Two read, of five at 24 a second; a side of 120."""
    for media, reason in ((clip(5, 24), "5 frames"), (clip(1, 8), "1 frame"), (clip(9, 8, 120), "120x120")):
        with pytest.raises(SkipError, match=reason) as caught:
            RaftMagnitude().consumer(media)
        assert caught.value.code is SkipCode.TOO_SHORT


def test_facts_say_what_was_read() -> None:
    """And the short side, by which a metric scales its threshold."""
    media = MediaItem.from_frames(np.zeros((10, 128, 160, 3), np.uint8), 24.0)
    assert RaftMagnitude().consumer(media).finish() == {
        "fps": 24.0, "interval": 3, "num_frames": 10, "num_frames_read": 4, "short_side": 128,
    }  # fmt: skip
