"""Read a clip from a media file."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property

import numpy as np

from avmeter.media.advance import Advance, unwatched
from avmeter.media.audio_decode import AudioBlock, decode_audio
from avmeter.media.clock_shifts import Shifts, read_shifts
from avmeter.media.container import File
from avmeter.media.hardware import HardwareDecoder
from avmeter.media.hashing import content_key
from avmeter.media.limits import DEFAULT_LIMITS, MediaLimits
from avmeter.media.packets import Losses
from avmeter.media.probe import MediaInfo, probe
from avmeter.media.timestamps import FrameTimestamps, read_timestamps
from avmeter.media.video_decode import decode_frames


class FileReader:
    """A media file.

    Args:
        file: The file, or its bytes.
        decode_threads: Of the video decoder.
        audio_stream: Which audio stream is read, 0 the first; None: the default one.
        limits: Of frames and of the clock.
        advance: Called for every packet and frame.
        hardware: Decodes video in place of libav where it can.

    Raises:
        MediaError: As `probe`.
    """

    def __init__(
        self,
        file: File,
        *,
        decode_threads: int = 1,
        audio_stream: int | None = None,
        limits: MediaLimits = DEFAULT_LIMITS,
        advance: Advance = unwatched,
        hardware: HardwareDecoder | None = None,
    ) -> None:
        self.name = str(file)
        self.info: MediaInfo = probe(file, audio_stream=audio_stream, max_pixels=limits.max_pixels, advance=advance)
        self._limits = limits
        self._advance = advance
        self._file = file
        self._decode_threads = decode_threads
        self._audio_stream = audio_stream
        self._hardware = hardware

    @cached_property
    def _shifts(self) -> Shifts:
        return read_shifts(self._file, self.info.container, self._advance)

    def key(self) -> str:
        """Return the content key of the file."""
        return content_key(self._file)

    def audio_blocks(self, losses: Losses) -> Iterator[AudioBlock]:
        """Decode the audio track."""
        return decode_audio(
            self._file, losses, stream_choice=self._audio_stream, shifts=self._shifts, advance=self._advance
        )

    def timestamps(self) -> FrameTimestamps:
        """Read the times of all frames."""
        video = self.info.video
        return read_timestamps(
            self._file,
            self._shifts,
            first_frame_s=video[0].first_frame_s if video else None,
            max_pixels=self._limits.max_pixels,
            max_gap_s=self._limits.max_gap_s,
            advance=self._advance,
        )

    def frames(
        self, timestamps: FrameTimestamps, indices: set[int], losses: Losses, *, planar: Collection[int] = ()
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Decode frames by index, to RGB or planes."""
        return decode_frames(
            self._file,
            timestamps.stamps,
            set(indices),
            losses,
            planar=planar,
            num_threads=self._decode_threads,
            shifts=self._shifts,
            max_pixels=self._limits.max_pixels,
            advance=self._advance,
            hardware=self._hardware,
        )
