"""What tells the content of a source from another's, and whether a file is still the one that was asked for."""

from __future__ import annotations

import hashlib
from pathlib import Path

from avmeter.engine.decode.messages import DecodeEvent, Source, SourceGroup
from avmeter.errors import SkipCode, SkipError
from avmeter.media import decoder_version, media_key
from avmeter.result import Skip


def file_facts(source: Source) -> tuple[int, ...] | None:
    """Return what changes whenever a file is replaced or written to, even by the same content; None without a path."""
    if isinstance(source, SourceGroup):
        return tuple(fact for clip in source.present for fact in file_facts(clip) or ())
    path = None if isinstance(source, str) else source.path or (source.stored and source.stored.place)
    if not isinstance(path, Path):
        return None
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def checked(event: DecodeEvent, source: Source, content_key: str, before: tuple[int, ...] | None) -> DecodeEvent:
    """Return the last event of a job, or a skip if the file is no longer what its key names, or was another meanwhile.

    The key is cheap where nothing has touched the file: it is remembered by size, inode and times.
    """
    try:
        is_same = content_key_of(source) == content_key and file_facts(source) == before
    except SkipError as error:
        if error.code is SkipCode.FETCH_FAILED:  # nothing says that it is another file
            return DecodeEvent(event.job, outcome=Skip.of(error))
        is_same = False
    if is_same:
        return event
    skip = Skip(
        code=SkipCode.CHANGED_WHILE_READING,
        reason=f"{source}: the file was replaced or written to while it was read",
        hint="score clips that nobody writes any more, or give every clip a name of its own",
    )
    return DecodeEvent(event.job, outcome=skip)


def content_key_of(source: Source) -> str:
    """Return the key of a source's content; equal content has an equal key, read by the same decoder.

    Raises:
        SkipError: The file is missing or unreadable.
    """
    if isinstance(source, str):
        return content_key_of_text(source)
    if isinstance(source, SourceGroup):
        return "+".join("" if clip is None else content_key_of(clip) for clip in source.clips)
    return f"{media_key(source)}@{decoder_version()}"


def content_key_of_text(text: str) -> str:
    """Return the key of a text, as `content_key` is that of a file."""
    return hashlib.sha256(b"text\0" + text.encode("utf-8", "surrogatepass")).hexdigest()
