"""Optical flow of two clips."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.base import Features
from avmeter.features.frame_stream import frames_in_step
from avmeter.features.frames.flow_errors import METHODS, FlowErrorsExtractor
from avmeter.media import MediaItem
from support import require

cv2 = require.package("cv2")


def panning(step: int, *, num: int = 4, size: int = 96) -> np.ndarray:
    """A smooth texture that moves to the right by `step` pixels a frame: (num, size, size, 3)."""
    wide = np.arange(size * 4 * size).reshape(size, 4 * size) * 7919 % 251
    wide = cv2.GaussianBlur(wide.astype(np.uint8), (0, 0), 3)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    frames = np.stack([wide[:, size - step * i : 2 * size - step * i] for i in range(num)])
    return np.repeat(frames[..., None], 3, -1)


def compared(generated: np.ndarray, reference: np.ndarray, **options) -> Features:
    clips = [MediaItem.from_frames(frames, 10) for frames in (generated, reference)]
    consumer = FlowErrorsExtractor(**options).consumer(*clips)
    for frames in frames_in_step(clips, consumer.ranges):
        assert list(consumer.add(*frames)) == []
    return consumer.finish()


@pytest.mark.parametrize("method", METHODS)
def test_error_is_how_much_farther_things_move(method: str) -> None:
    """Three pixels a frame against one, and the same against itself."""
    found = compared(panning(3), panning(1), method=method)
    assert found["mf_epe"] == pytest.approx([2] * 3, abs=0.5)
    assert found["mf_angle_err"].max() < 10
    assert compared(panning(3), panning(3), method=method)["pixel_epe_mean"].tolist() == [0] * 3
    assert found.facts["num_frames"] == 4


def test_frames_too_few_or_too_small_are_a_named_skip() -> None:
    """With how many or how large."""
    for frames, reason in ((panning(1, num=1), "1 frame"), (panning(1, size=12), "12x12")):
        with pytest.raises(SkipError, match=reason) as caught:
            compared(frames, frames)
        assert caught.value.code is SkipCode.TOO_SHORT


def test_unknown_flow_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(UnknownNameError, match="raft"):
        FlowErrorsExtractor(method="raft")
