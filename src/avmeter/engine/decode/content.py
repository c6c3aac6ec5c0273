"""What tells the content of a source from another's, and whether a file is still the one that was asked for."""

from __future__ import annotations

import hashlib
from pathlib import Path

from avmeter.engine.decode.messages import DecodeEvent, Part, describe
from avmeter.errors import SkipCode, SkipError
from avmeter.media import decoder_version, media_key
from avmeter.result import Skip
from avmeter.sample import MediaSource


def file_facts(part: Part) -> tuple[tuple[int, ...] | None, ...]:
    """Return what changes whenever a file is replaced or written to, even by the same content; None without a path."""
    return tuple(None if clip is None else _file_facts(clip) for clip in part)


def _file_facts(clip: MediaSource) -> tuple[int, ...] | None:
    path = clip.path or (clip.stored and clip.stored.place)
    if not isinstance(path, Path):
        return None
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def checked(
    event: DecodeEvent, part: Part, content_key: str, before: tuple[tuple[int, ...] | None, ...]
) -> DecodeEvent:
    """Return the last event of a job, or a skip if a file is no longer what its key names, or was another meanwhile.

    The key is cheap where nothing has touched the file: it is remembered by size, inode and times.
    """
    try:
        is_same = content_key_of_part(part) == content_key and file_facts(part) == before
    except SkipError as error:
        if error.code is SkipCode.FETCH_FAILED:  # nothing says that it is another file
            return DecodeEvent(event.job, outcome=Skip.of(error))
        is_same = False
    if is_same:
        return event
    skip = Skip(
        code=SkipCode.CHANGED_WHILE_READING,
        reason=f"{describe(part)}: the file was replaced or written to while it was read",
        hint="score clips that nobody writes any more, or give every clip a name of its own",
    )
    return DecodeEvent(event.job, outcome=skip)


def content_key_of(source: MediaSource | str) -> str:
    """Return the key of a source's content; equal content has an equal key, read by the same decoder.

    Raises:
        SkipError: The file is missing or unreadable.
    """
    if isinstance(source, str):
        return content_key_of_text(source)
    return f"{media_key(source)}@{decoder_version()}"


def content_key_of_part(part: Part) -> str:
    """Return the key of what a job reads.

    Raises:
        SkipError: As `content_key_of`.
    """
    return "+".join("" if clip is None else content_key_of(clip) for clip in part)


def content_key_of_text(text: str) -> str:
    """Return the key of a text, as `content_key` is that of a file."""
    return hashlib.sha256(b"text\0" + text.encode("utf-8", "surrogatepass")).hexdigest()
