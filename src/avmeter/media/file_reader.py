"""Read a clip from a media file."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from avmeter.media.audio_decode import AudioBlock, decode_audio
from avmeter.media.hashing import content_key
from avmeter.media.packets import Losses
from avmeter.media.probe import MediaInfo, probe
from avmeter.media.timestamps import FrameTimestamps, read_timestamps
from avmeter.media.video_decode import decode_frames


class FileReader:
    """A media file.

    Args:
        path: The file.
        decode_threads: Of the video decoder.

    Raises:
        MediaError: As `probe`.
    """

    def __init__(self, path: str | os.PathLike[str], *, decode_threads: int = 1) -> None:
        self.name = os.fspath(path)
        self.info: MediaInfo = probe(path)
        self._path = path
        self._decode_threads = decode_threads

    def key(self) -> str:
        """Return the content key of the file."""
        return content_key(self._path)

    def audio_blocks(self, losses: Losses) -> Iterator[AudioBlock]:
        """Decode the audio track."""
        return decode_audio(self._path, losses)

    def timestamps(self) -> FrameTimestamps:
        """Read the times of all frames."""
        return read_timestamps(self._path)

    def frames(
        self, timestamps: FrameTimestamps, indices: set[int], losses: Losses
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Decode frames by index."""
        return decode_frames(self._path, timestamps.stamps, set(indices), losses, num_threads=self._decode_threads)
