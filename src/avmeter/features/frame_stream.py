"""Frames as they are decoded, one after the other: of one clip, or of several in step.

An extractor that reads every frame of a clip makes a `FrameConsumer`; the engine decodes the clips once and passes each
frame to all consumers over the same clips, then lets it go. A clip of any length takes the memory of a few frames.
"""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from avmeter.features.base import ClipExtractor, Extractor, Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.media import Crop, MediaItem, Resize, cropped, resize_frame

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


class EmbeddedFrames(StreamedExtractor, NetworkExtractor):
    """A streamed extractor whose network reads every frame of a clip, each for itself.

    Array `embedding` (T, E), what `forward` calls so; fact `num_frames`. `forward` gets `pixels` (B, 3, h, w) float32
    in [0, 1].

    Attributes:
        resize: How frames are brought to the size of the network.
        crop: The square that is cut from them, if any.
    """

    resize: ClassVar[Resize]
    crop: ClassVar[Crop | None] = None

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        (clip,) = clips
        return _FrameWindows(clip, self.resize, self.crop)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        """Cut the windows of one clip in a pass of its own."""
        consumer = self.consumer(media)
        for frames in frames_in_step((media,), consumer.ranges):
            yield from consumer.add(*frames)

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return {"num_frames": len(media.frame_times)}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"embedding": np.stack([o["embedding"] for o in outputs])}, facts=facts)


class _FrameWindows(FrameConsumer):
    """Each frame, resized and cropped, is a window."""

    def __init__(self, clip: MediaItem, resize: Resize, crop: Crop | None) -> None:
        self._times = clip.frame_times
        self.ranges = (range(len(self._times)),)
        self._resize = resize
        self._crop = crop
        self._num_seen = 0

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        (frame,) = frames
        assert frame is not None
        pixels = cropped(resize_frame(frame, self._resize), self._resize, self._crop)
        time_s = float(self._times[self._num_seen])
        self._num_seen += 1
        return (Window(inputs={"pixels": np.ascontiguousarray(pixels)}, start_s=time_s),)

    def finish(self) -> Mapping[str, Any]:
        return {"num_frames": len(self._times)}


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
