"""Extractors that compute on the device what they read of frames as they are decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from avmeter.features.base import Features, Window, WindowExtractor
from avmeter.features.frame_stream import Frame, FrameConsumer, StreamedExtractor, frames_in_step
from avmeter.features.network import NetworkExtractor
from avmeter.media import Crop, MediaItem, Resize, cropped, resize_frame


class WindowedFrames(StreamedExtractor, WindowExtractor):
    """A streamed extractor whose consumers cut windows, and end with the facts that go to `pool`."""

    def windows(self, media: Any) -> Iterator[Window]:
        """Cut a clip, or a sequence of clips that are compared, in a pass of its own."""
        clips: Sequence[MediaItem] = (media,) if isinstance(media, MediaItem) else media
        consumer = self.consumer(*clips)
        for frames in frames_in_step(clips, consumer.ranges):
            yield from consumer.add(*frames)


class FrameNetwork(WindowedFrames, NetworkExtractor):
    """A streamed extractor with a network."""


class EmbeddedFrames(FrameNetwork):
    """A streamed extractor whose network reads every frame of a clip, each for itself.

    Array `embedding` (T, E), what `forward` calls so; fact `num_frames`. `forward` gets `pixels` (B, 3, h, w) float32
    in [0, 1].

    Attributes:
        resize: How frames are brought to the size of the network.
        crop: The square that is cut from them, if any.
    """

    needs_rate = False
    resize: ClassVar[Resize]
    crop: ClassVar[Crop | None] = None

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        (clip,) = clips
        return _FrameWindows(clip, self.resize, self.crop)

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
