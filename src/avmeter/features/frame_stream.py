"""Frames as they are decoded, one after the other: of one clip, or of several in step.

An extractor that reads every frame of a clip makes a `FrameConsumer`; the engine decodes the clips once and passes each
frame to all consumers over the same clips, then lets it go. A clip of any length takes the memory of a few frames.
"""

from __future__ import annotations

import abc
import contextlib
import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from avmeter.features.base import ClipExtractor, DerivedExtractor, Extractor, Features, Window
from avmeter.media import MediaItem

Frame = np.ndarray
"""RGB (H, W, 3), uint8, or float32 from 0 to 1."""
UNSTATED_RATE = 1.0
"""Frames per second of frames in memory whose rate nobody states: they go by number."""


class FrameConsumer(abc.ABC):
    """What one extractor makes of the frames of its clips.

    Attributes:
        ranges: For each clip, the frames it reads; of a step of 1, and empty for a clip that is None.
    """

    ranges: tuple[range, ...]

    @abc.abstractmethod
    def add(self, *frames: Frame | None) -> Iterable[Window]:
        """Take the next frame of each clip, None of one whose range is at its end; return the windows now whole.

        Raises:
            SkipError: The clips cannot be measured.
        """

    @abc.abstractmethod
    def finish(self) -> Features | Mapping[str, Any]:
        """Return the features, or of an extractor with a network the facts that go to `pool`.

        Raises:
            SkipError: The clips cannot be measured.
        """


class StreamedExtractor(Extractor):
    """An extractor that reads frames as they are decoded.

    Attributes:
        num_clips: 1; or 2 for a generated clip and its reference, in the order of the need's fields. Those of the
            need's optional fields follow them.
    """

    takes = "video"
    num_clips: ClassVar[int] = 1

    @abc.abstractmethod
    def consumer(self, *clips: Any) -> FrameConsumer:
        """Return what takes the frames of these clips.

        Args:
            clips: `MediaItem`s; None in the place of an optional one that is absent.

        Raises:
            SkipError: The clips cannot be measured.
        """


class FrameExtractor(StreamedExtractor, ClipExtractor):
    """A streamed extractor without a network."""

    def extract(self, media: MediaItem) -> Features:
        """Compute the features of one clip in a pass of its own."""
        consumer = self.consumer(media)
        for frames in frames_in_step((media,), consumer.ranges):
            for _ in consumer.add(*frames):
                raise TypeError(f"{self.name} cuts windows, and has no network")
        found = consumer.finish()
        assert isinstance(found, Features)
        return found


class RevisitingExtractor(StreamedExtractor, DerivedExtractor):
    """A streamed extractor that reads frames again, once the features of its parents are known: where to look.

    The engine decodes the clips of such features a second time, and those of which the parents have none not at all.
    """

    found: Mapping[str, Features] | None = None

    def after(self, found: Mapping[str, Features]) -> Self:
        """Return an extractor of the same features whose consumer knows those of the parents, by name."""
        informed = copy.copy(self)
        informed.found = found
        return informed

    def decoding_state(self) -> Mapping[str, Any]:
        return {"found": self.found}


def frames_in_step(clips: Sequence[MediaItem | None], ranges: Sequence[range]) -> Iterator[tuple[Frame | None, ...]]:
    """Decode clips side by side, a frame of each at a time; None of a clip whose range is at its end.

    The pass also serves the frame requests that were registered with each clip.

    Raises:
        MediaError: As `MediaItem.frame_groups`.
    """
    with contextlib.ExitStack() as stack:
        streams: list[Iterator[np.ndarray]] = []
        for clip, indices in zip(clips, ranges, strict=True):
            if clip is None:
                streams.append(iter(()))
                continue
            stream = clip.frame_groups(indices, 1, planar=False)
            streams.append(stream)
            stack.callback(stream.close)
        while True:
            groups = [next(stream, None) for stream in streams]
            if all(group is None for group in groups):
                return
            yield tuple(None if group is None else group[0] for group in groups)


def as_bytes(frame: Frame) -> npt.NDArray[np.uint8]:
    """Return a frame as uint8; floats are truncated, as FastVideo does."""
    if frame.dtype == np.uint8:
        return frame
    scaled: npt.NDArray[np.uint8] = (np.clip(frame, 0, 1) * np.float32(255)).astype(np.uint8)
    return scaled
