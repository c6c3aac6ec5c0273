"""Which frames of a generated clip and its reference are compared, when none are, and networks that read them."""

from __future__ import annotations

import abc
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.frame_network import FrameNetwork
from avmeter.features.frame_stream import Frame, FrameConsumer
from avmeter.media import MediaItem
from avmeter.nets import raft
from avmeter.nets.border import Border
from avmeter.nets.keys import KeyMap
from avmeter.runtime import Runtime

RAFT_ITERATIONS = 20
"""As VBench refines flows."""
RAFT_MIN_SIDE = raft.SMALLEST - raft.STRIDE + 1
"""Pixels of the smallest frame that is large enough with its border."""
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


def check_side(clip: MediaItem, least: int, *, reader: str) -> None:
    """Refuse frames with a side that is too small for what reads them.

    Raises:
        SkipError: `too_short`.
    """
    stream = clip.info.video[0]
    if min(stream.width, stream.height) < least:
        raise SkipError(
            SkipCode.TOO_SHORT,
            f"{clip.name} is {stream.width}x{stream.height}: {reader} reads frames of {least} or more",
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


class PerceptualExtractor(FrameNetwork):
    """Array `distance` (T,) float64 of frames at their own size; facts are the numbers of frames."""

    num_clips = 2
    batch_size = 2
    gpu_batch_size = 16

    @property
    @abc.abstractmethod
    def min_side(self) -> int:
        """Pixels of the smallest frame that the network reads."""

    @abc.abstractmethod
    def distances(self, generated: Tensor, reference: Tensor) -> Tensor:
        """Compare pictures (B, 3, H, W) from 0 to 1: (B,)."""

    def consumer(self, *clips: Any) -> FrameConsumer:
        return FramePairs(*clips, min_side=self.min_side, reader=self.name)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"distance": self.distances(as_pictures(batch["generated"]), as_pictures(batch["reference"]))}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"distance": np.array([o["distance"] for o in outputs], np.float64)}, facts=facts)


class FramePairs(FrameConsumer):
    """A window for each pair of frames, `generated` and `reference`.

    Args:
        generated: The generated clip.
        reference: Its reference.
        min_side: Pixels of the smallest frame that can be compared.
        reader: What compares them, for messages.

    Raises:
        SkipError: As `SharedFrames` and `check_side`.
    """

    def __init__(self, generated: MediaItem, reference: MediaItem, *, min_side: int, reader: str) -> None:
        shared = SharedFrames(generated, reference)
        check_side(generated, min_side, reader=reader)
        self.ranges = shared.ranges
        self._facts = shared.facts

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        generated, reference = frames
        assert generated is not None
        assert reference is not None
        yield Window(inputs={"generated": generated, "reference": reference})

    def finish(self) -> Mapping[str, Any]:
        return self._facts


def as_pictures(frames: Tensor) -> Tensor:
    """Return frames (B, H, W, 3), bytes or floats from 0 to 1, as float pictures (B, 3, H, W)."""
    planes = frames.permute(0, 3, 1, 2)
    return planes if planes.is_floating_point() else planes.float() / 255


class RaftNetwork(FrameNetwork):
    """A streamed extractor with RAFT, which all of them share.

    Source: VBench, `vbench/dynamic_degree.py`; RAFT, `core/utils/utils.py`, `InputPadder`: sides become multiples of 8
    by repeated pixels, half of them on each side.
    """

    entries = ("raft-things",)
    batch_size = 1
    gpu_batch_size = 8

    def network_key(self) -> Hashable:
        return self.entries

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return raft.build(), raft.KEY_MAP

    def flow(self, before: Tensor, after: Tensor) -> tuple[Tensor, Border]:
        """Find how far each pixel moves from frame to frame.

        Args:
            before: (B, H, W, 3), bytes, or floats from 0 to 1.
            after: The same.

        Returns:
            (B, 2, H', W') pixels, with a border, and that.
        """
        height, width = before.shape[1:3]
        border = Border.up_to(raft.STRIDE, height=height, width=width)
        pictures = (border.added(_as_levels(frames)) for frames in (before, after))
        return self._net(*pictures, num_iterations=RAFT_ITERATIONS), border


def _as_levels(frames: Tensor) -> Tensor:
    """Return frames (B, H, W, 3) as pictures (B, 3, H, W) from 0 to 255."""
    planes = frames.permute(0, 3, 1, 2)
    return planes * 255 if planes.is_floating_point() else planes.float()
