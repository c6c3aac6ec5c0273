"""Open media files that nobody vouches for: the only door to libav, for reading and for writing.

libav opens far more than files: URLs, playlists that name other files, scripts, devices. A file under evaluation is
data, so it is opened through the `file:` protocol only, by demuxers that read nothing but the bytes they are given.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from avmeter.errors import MediaError, SkipCode
from avmeter.sources import Content

# Demuxers of self-contained media. Left out on purpose: hls, dash, concat, sdp, rtsp, image2 and the like (they open
# what the file names), raw formats without a signature, text and subtitle readers, devices.
_DEMUXERS = (
    "3gp aac ac3 aiff amr amrnb amrwb ape apng asf au av1 avi caf dts dv eac3 flac flv gif h264 hevc ivf m4v matroska "
    "mov mp3 mp4 mpeg mpegts mpegvideo mxf nut obu ogg oma rm sox tak tta voc w64 wav webm wsd wv xwma yuv4mpegpipe"
)
_OPTIONS = {"format_whitelist": _DEMUXERS.replace(" ", ","), "protocol_whitelist": "file"}

MAX_PIXELS = 8192 * 8192

# First bytes of the containers above: a file that starts like this and cannot be read is damaged, not something else.
_SIGNATURES = (
    (0, (b"RIFF", b"RF64", b"fLaC", b"OggS", b"ID3", b"FORM", b"\x1aE\xdf\xa3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1")),
    (0, (b"FLV", b"caff", b"\x30\x26\xb2\x75", b"GIF8", b".snd", b"wvpk", b"MAC ", b"riff", b"\xff\xf2", b"\xff\xfa")),
    (4, (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"styp")),
)


@dataclass(frozen=True)
class FileBytes:
    """The bytes of a media file that are in memory; `label` is its name for messages."""

    data: bytes
    label: str = ""

    def __str__(self) -> str:
        return self.label or f"{len(self.data)} bytes"


File = str | os.PathLike[str] | FileBytes | Content


def check_file(path: str | os.PathLike[str]) -> os.stat_result:
    """Return the facts of a readable, non-empty regular file.

    Raises:
        MediaError: `missing_file`, `not_a_file`, `unreadable` or `empty_file`.
    """
    try:
        found = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MediaError(SkipCode.MISSING_FILE, f"{path}: no such file", hint="check the path") from error
    except (OSError, ValueError) as error:
        raise MediaError(SkipCode.UNREADABLE, f"{path}: cannot be opened ({_reason(error)})") from error
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        raise MediaError(SkipCode.NOT_A_FILE, f"{path}: is {kind}", hint="give the path of a media file")
    if found.st_size == 0:
        raise MediaError(SkipCode.EMPTY_FILE, f"{path}: the file is empty (0 bytes)")
    return found


def size_of(file: File) -> int:
    """Return the size of a readable file that is not empty, bytes.

    Raises:
        MediaError: As `check_file`.
    """
    if not isinstance(file, FileBytes | Content):
        return check_file(file).st_size
    size = len(file.data) if isinstance(file, FileBytes) else file.size
    if not size:
        raise MediaError(SkipCode.EMPTY_FILE, f"{file}: the file is empty (0 bytes)")
    return size


def read_part(file: File, start: int, count: int) -> bytes:
    """Return some bytes of a file, fewer at its end.

    Raises:
        OSError: It cannot be read.
        SkipError: A stored file cannot be had.
    """
    if isinstance(file, FileBytes):
        return file.data[start : start + count]
    if isinstance(file, Content):
        return file.read(start, start + count)
    with Path(file).open("rb") as stream:
        stream.seek(start)
        return stream.read(count)


@contextmanager
def open_container(file: File, *, max_pixels: int = MAX_PIXELS) -> Iterator[Any]:
    """Open one local file as a libav input container, closed on leaving.

    Args:
        file: The file.
        max_pixels: Larger frames are not decoded.

    Raises:
        MediaError: The codes of `check_file`; `unreadable` if it is no media file that is supported; `decode_error`
            if it looks like one and cannot be opened.
    """
    size_of(file)
    try:
        container = av.open(_opened(file), container_options=_OPTIONS)
    except PermissionError as error:
        raise MediaError(SkipCode.UNREADABLE, f"{file}: cannot be opened ({_reason(error)})") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _not_opened(file, error) from error
    with container:
        for stream in container.streams.video:
            if stream.codec_context is not None:
                stream.codec_context.options = {"max_pixels": str(max_pixels)}
        yield container
    if isinstance(file, Content):
        file.raise_failure()


def _opened(file: File) -> Any:
    if isinstance(file, FileBytes):
        return io.BytesIO(file.data)
    return file.open() if isinstance(file, Content) else "file:" + os.fspath(file)


def create_container(target: Path | io.BytesIO, *, format_name: str | None = None) -> Any:
    """Create an output container, a context manager: a path is a file, whatever protocol its name looks like.

    Args:
        target: Where it is written.
        format_name: For libav; default is that of the suffix.
    """
    return av.open("file:" + os.fspath(target) if isinstance(target, Path) else target, "w", format=format_name)


def _not_opened(file: File, error: Exception) -> MediaError:
    if isinstance(file, Content):
        file.raise_failure()
    try:
        head = read_part(file, 0, 16)
    except OSError as denied:
        return MediaError(SkipCode.UNREADABLE, f"{file}: cannot be opened ({_reason(denied)})")
    if any(head[at : at + len(s)] == s for at, signatures in _SIGNATURES for s in signatures):
        return MediaError(
            SkipCode.DECODE_ERROR,
            f"{file}: damaged or truncated ({_reason(error)})",
            hint="make the file again; it does not play either",
        )
    return MediaError(
        SkipCode.UNREADABLE,
        f"{file}: not a media file, or of a format that is not supported",
        hint="give a file with audio or video in it; playlists are not followed",
    )


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)
