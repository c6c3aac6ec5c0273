"""Pixels and motion of two clips."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.base import Features
from avmeter.features.frame_stream import UNSTATED_RATE, frames_in_step
from avmeter.features.frames.physics_iq_pair import PhysicsIqPairExtractor
from avmeter.media import MediaItem
from golden.scenes import scene
from support import require

require.package("cv2")
FPS = 10
EXACT = {"roundtrip_generated_masks": False, "target_fps": FPS, "duration_seconds": 2}


def compared(*clips: np.ndarray | None, fps: float = FPS, **options: Any) -> Features:
    """Of arrays of frames: generated, reference, and their masks where there are any."""
    extractor = PhysicsIqPairExtractor(**{**EXACT, **options})
    opened = [None if clip is None else MediaItem.from_frames(clip, fps) for clip in clips]
    consumer = extractor.consumer(*opened)
    for frames in frames_in_step(opened, consumer.ranges):
        assert list(consumer.add(*frames)) == []
    return consumer.finish()


def moving_square(num: int = 20, *, size: int = 80) -> np.ndarray:
    """A white square of 40 pixels on black that jumps from left to right at the tenth frame."""
    frames = np.zeros((num, size, 2 * size, 3), np.uint8)
    frames[:10, 20:60, 20:60] = 255
    frames[10:, 20:60, 100:140] = 255
    return frames


def test_motion_is_where_pixels_change() -> None:
    """Both squares light up at the jump, and fade as the average follows; nothing moves before."""
    found = compared(moving_square(), moving_square())
    assert found["iou"].tolist() == [1.0] * 20
    assert found["mse"].tolist() == [0.0] * 20
    assert found.facts["spatial_iou"] == 1.0
    still = np.repeat(moving_square()[:1], 20, 0)
    against_still = compared(still, moving_square())
    assert against_still["iou"][:10].tolist() == [1.0] * 10
    assert against_still["iou"][10] == 0.0
    assert against_still.facts["spatial_iou"] == against_still.facts["weighted_spatial_iou"] == 0.0


def test_given_masks_take_the_place_of_those_that_would_be_made() -> None:
    """Of either side, as videos in black and white, in arrays too."""
    generated, reference = moving_square(), moving_square()[::-1].copy()
    white = np.full_like(reference, 255)
    plain = compared(generated, reference)
    masked = compared(generated, reference, white, white)
    assert plain.facts["weighted_spatial_iou"] < 1
    assert masked.facts["weighted_spatial_iou"] == masked["iou"].mean() == 1.0
    half = white.copy()
    half[:, :, 80:] = 0
    one_sided = compared(generated, reference, half, white)
    assert one_sided["iou"].tolist() == [0.5] * 20
    only_one = compared(generated, generated, None, half)
    assert only_one.facts["spatial_iou"] < 1
    assert np.array_equal(masked["mse"], plain["mse"])


def test_clips_of_another_frame_rate_than_expected_are_refused() -> None:
    """With both rates; frames whose rate nobody said go by number."""
    with pytest.raises(SkipError, match=r"25\.000 frames per second and target_fps is 10") as caught:
        compared(moving_square(), moving_square(), fps=25)
    assert caught.value.code is SkipCode.FRAME_RATE_MISMATCH
    assert compared(moving_square(), moving_square(), fps=UNSTATED_RATE).facts["num_frames"] == 20


def test_frames_of_another_size_are_refused_unless_admitted() -> None:
    """The mask depends on the size at which it is made."""
    small = moving_square(size=60)
    with pytest.raises(SkipError) as caught:
        compared(small, moving_square())
    assert caught.value.code is SkipCode.FRAME_SIZE_MISMATCH
    admitted = compared(small, moving_square(), sizes="any")
    assert (admitted.facts["width"], admitted.facts["height"]) == (40, 20)


def test_longer_clips_are_cut_to_the_seconds_that_are_compared() -> None:
    """The end of the generated one if that is chosen; each count is a fact."""
    long = np.concatenate([np.zeros_like(moving_square()), moving_square()])
    found = compared(long, moving_square(), video_time_selection="last")
    assert found["mse"].tolist() == [0.0] * 20
    short = compared(moving_square()[:12], long)
    counts = [short.facts[f"num_{side}frames"] for side in ("generated_", "reference_", "")]
    assert counts == [12, 20, 12]
    assert len(short["iou"]) == len(short["mse"]) == 12


def test_floats_are_rounded_to_bytes() -> None:
    """The scores of 8 bits."""
    frames = scene(20)
    as_floats = compared(frames.astype(np.float32) / 255, scene(20, late=2))
    assert np.array_equal(as_floats["iou"], compared(frames, scene(20, late=2))["iou"])


def test_unknown_choices_are_refused() -> None:
    """By name."""
    with pytest.raises(UnknownNameError, match="video_time_selection"):
        PhysicsIqPairExtractor(video_time_selection="middle")
    with pytest.raises(UnknownNameError, match="sizes"):
        PhysicsIqPairExtractor(sizes="all")


def test_one_frame_in_common_has_no_motion_to_compare() -> None:
    """It would agree with everything; where masks of both sides are given they say what moves."""
    for num, other in ((1, 20), (20, 1), (1, 1)):
        with pytest.raises(SkipError, match="1 frame in common") as caught:
            compared(moving_square()[:num], moving_square()[:other])
        assert caught.value.code is SkipCode.TOO_SHORT
    white = np.full_like(moving_square()[:1], 255)
    with pytest.raises(SkipError):
        compared(moving_square()[:1], moving_square(), None, white)
    assert compared(moving_square()[:1], moving_square()[:1], white, white)["iou"].tolist() == [1.0]
