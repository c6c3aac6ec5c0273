"""Open the source behind a field of a sample, and name its content."""

from __future__ import annotations

import os
import weakref

from avmeter.media.advance import Advance, unwatched
from avmeter.media.array_reader import ArrayReader
from avmeter.media.container import File, FileBytes
from avmeter.media.file_reader import FileReader
from avmeter.media.frame_folder import FrameFolderReader
from avmeter.media.hardware import HardwareDecoder
from avmeter.media.hashing import array_key, content_key
from avmeter.media.item import MediaItem
from avmeter.media.limits import DEFAULT_LIMITS, MediaLimits
from avmeter.sample import MediaSource
from avmeter.sources import open_stored, stored_key


def open_media(
    source: MediaSource,
    *,
    limits: MediaLimits = DEFAULT_LIMITS,
    advance: Advance = unwatched,
    hardware: HardwareDecoder | None = None,
) -> MediaItem:
    """Open a source; what it holds beyond the limits is not read.

    Args:
        source: The source.
        limits: What it may unfold to.
        advance: Called for every packet, frame and block; what it raises ends what is being decoded.
        hardware: Decodes the video of files in place of libav where it can.

    Raises:
        MediaError: The file is missing or unreadable, or arrays have no known form or no rate.
    """
    reader = open_reader(source, limits=limits, advance=advance, hardware=hardware)
    return MediaItem(reader, limits=limits, advance=advance)


def open_reader(
    source: MediaSource,
    *,
    limits: MediaLimits = DEFAULT_LIMITS,
    advance: Advance = unwatched,
    hardware: HardwareDecoder | None = None,
) -> FileReader | FrameFolderReader | ArrayReader:
    """Return what reads a source; arguments as of `open_media`.

    Raises:
        MediaError: The file is missing or unreadable, or cannot be fetched; or arrays have no known form or no rate.
    """
    if source.path is not None and os.path.isdir(source.path):  # noqa: PTH112 - no error for any text
        return FrameFolderReader(source.path, fps=source.fps, max_pixels=limits.max_pixels, advance=advance)
    if source.stored is not None:
        return _stored_reader(source, limits, advance, hardware)
    file = _file(source)
    if file is not None:
        return FileReader(file, audio_stream=source.audio_stream, limits=limits, advance=advance, hardware=hardware)
    return ArrayReader(
        audio=source.samples,
        sample_rate=source.sample_rate,
        frames=source.frames,
        fps=source.fps,
        name="array",
    )


def media_key(source: MediaSource) -> str:
    """Return the content key of a source; equal content that is read in the same way has an equal key.

    Raises:
        MediaError: The file is missing or unreadable.
    """
    if source.path is not None and os.path.isdir(source.path):  # noqa: PTH112 - as above
        return FrameFolderReader(source.path, fps=source.fps).key()
    key = _file_key(source)
    if key is not None:
        return key if source.audio_stream is None else f"{key}#a{source.audio_stream}"
    hashed = ((source.samples, source.sample_rate), (source.frames, source.fps))
    return ":".join(array_key(array, rate) for array, rate in hashed if array is not None)


def _file_key(source: MediaSource) -> str | None:
    if source.stored is not None:
        return stored_key(source.stored, source.access)
    file = _file(source)
    return None if file is None else content_key(file)


def _stored_reader(
    source: MediaSource, limits: MediaLimits, advance: Advance, hardware: HardwareDecoder | None
) -> FileReader:
    assert source.stored is not None
    content = open_stored(source.stored, source.access)
    try:
        reader = FileReader(
            content, audio_stream=source.audio_stream, limits=limits, advance=advance, hardware=hardware
        )
    except BaseException:
        content.close()
        raise
    weakref.finalize(reader, content.close)  # readers are opened again and again, and never closed
    return reader


def _file(source: MediaSource) -> File | None:
    if source.data is not None:
        return FileBytes(source.data, source.label)
    return source.path
