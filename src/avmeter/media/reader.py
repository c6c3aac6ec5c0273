"""What every source of clips offers to `MediaItem`: files, folders of images, arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol

import numpy as np

from avmeter.media.audio_decode import AudioBlock
from avmeter.media.packets import Losses
from avmeter.media.probe import MediaInfo
from avmeter.media.timestamps import FrameTimestamps


class Reader(Protocol):
    """Where a clip comes from: `FileReader`, `FrameFolderReader` or `ArrayReader`."""

    @property
    def name(self) -> str:
        """For messages: the path, or "array"."""

    @property
    def info(self) -> MediaInfo:
        """What the headers say."""

    def key(self) -> str:
        """Return the content key."""

    def audio_blocks(self, losses: Losses) -> Iterator[AudioBlock]:
        """Decode the audio track."""

    def timestamps(self) -> FrameTimestamps:
        """Read the times of all frames."""

    def frames(
        self, timestamps: FrameTimestamps, indices: set[int], losses: Losses, *, planar: Collection[int] = ()
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Decode frames by index: RGB (H, W, 3), or for those in `planar` planes where there are any."""
