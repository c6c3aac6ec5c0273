"""Networks that read frames as they are decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from avmeter.features.base import Window
from avmeter.features.frame_stream import StreamedExtractor, frames_in_step
from avmeter.features.network import NetworkExtractor
from avmeter.media import MediaItem


class FrameNetwork(StreamedExtractor, NetworkExtractor):
    """A streamed extractor with a network: its consumers cut windows, and end with the facts that go to `pool`."""

    def windows(self, media: Any) -> Iterator[Window]:
        """Cut a clip, or a sequence of clips that are compared, in a pass of its own."""
        clips: Sequence[MediaItem] = (media,) if isinstance(media, MediaItem) else media
        consumer = self.consumer(*clips)
        for frames in frames_in_step(clips, consumer.ranges):
            yield from consumer.add(*frames)
