"""Which frames of a generated clip and its reference are compared, and when none are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError
from avmeter.features.frame_stream import Frame
from avmeter.media import MediaItem

_RATE_TOLERANCE = 0.01  # 23.976 and 24 frames per second are the same rate


def frame_rate(clip: MediaItem) -> float | None:
    """Return the mean frame rate of a clip by its presentation times; None of a single frame."""
    times = clip.frame_times
    span_s = float(times[-1] - times[0])
    return (len(times) - 1) / span_s if span_s > 0 else None


def is_same_rate(rate: float, other: float) -> bool:
    """Return True if two frame rates differ by no more than 1%."""
    return abs(rate - other) <= _RATE_TOLERANCE * max(rate, other)


def check_rates(generated: MediaItem, reference: MediaItem) -> None:
    """Refuse clips whose frames of equal number show different moments.

    Raises:
        SkipError: `frame_rate_mismatch`.
    """
    rate, reference_rate = frame_rate(generated), frame_rate(reference)
    if rate is not None and reference_rate is not None and not is_same_rate(rate, reference_rate):
        raise SkipError(
            SkipCode.FRAME_RATE_MISMATCH,
            f"{generated.name} has {rate:.3f} frames per second and {reference.name} {reference_rate:.3f}: "
            "frames of equal number show different moments",
            hint="bring both to one frame rate",
        )


def check_sizes(generated: MediaItem, reference: MediaItem) -> None:
    """Refuse clips of different frame sizes.

    Raises:
        SkipError: `frame_size_mismatch`.
    """
    sizes = [(clip.info.video[0].width, clip.info.video[0].height) for clip in (generated, reference)]
    if sizes[0] != sizes[1]:
        (width, height), (width_r, height_r) = sizes
        raise SkipError(
            SkipCode.FRAME_SIZE_MISMATCH,
            f"{generated.name} is {width}x{height} and {reference.name} {width_r}x{height_r}",
            hint="scale one to the size of the other; how it is scaled changes the score",
        )


class SharedFrames:
    """The frames that two clips share, from the beginning; what is longer is cut, as FastVideo does.

    Raises:
        SkipError: `frame_rate_mismatch`, `frame_size_mismatch`.
        MediaError: As `MediaItem.frame_times`.
    """

    def __init__(self, generated: MediaItem, reference: MediaItem) -> None:
        counts = len(generated.frame_times), len(reference.frame_times)
        check_sizes(generated, reference)
        check_rates(generated, reference)
        self.ranges = (range(min(counts)),) * 2
        self.facts: dict[str, Any] = {
            "num_frames": min(counts),
            "num_generated_frames": counts[0],
            "num_reference_frames": counts[1],
        }


def as_unit(frame: Frame) -> npt.NDArray[np.float32]:
    """Return a frame as float32 from 0 to 1."""
    if frame.dtype == np.uint8:
        return frame.astype(np.float32) * np.float32(1 / 255)
    return frame.astype(np.float32, copy=False)


def as_bytes(frame: Frame) -> npt.NDArray[np.uint8]:
    """Return a frame as uint8; floats are truncated, as FastVideo does."""
    if frame.dtype == np.uint8:
        return frame
    scaled: npt.NDArray[np.uint8] = (np.clip(frame, 0, 1) * np.float32(255)).astype(np.uint8)
    return scaled
