"""Open a stored file, and name its content."""

from __future__ import annotations

import hashlib
import os
import time
from functools import lru_cache
from pathlib import Path

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url, open_regular
from avmeter.sample.access import DEFAULT_ACCESS, RemoteAccess
from avmeter.sample.stored import Cell, Span, StoredFile
from avmeter.sources.content import Content
from avmeter.sources.parquet import read_cell
from avmeter.sources.remote import hash_of, open_remote, recent_key, remote_key

# As in media.hashing: a state this recent may still be that of other bytes.
_SETTLED_NS = 2_000_000_000
_READ_AT_ONCE = 8 << 20  # bytes; members of this size cost one request


def open_stored(file: StoredFile, access: RemoteAccess = DEFAULT_ACCESS) -> Content:
    """Open a stored file; close it after use.

    Args:
        file: Where it is.
        access: How remote places may be reached.

    Raises:
        MediaError: It is not there, or cannot be had; the code says why.
    """
    if isinstance(file.part, Cell):
        return Content.of_bytes(read_cell(file, file.part, access), name=str(file))
    whole = open_place(file.place, access, is_sparse=file.part is not None)
    if file.part is None:
        return whole
    try:
        return _member(whole, file, file.part)
    except MediaError:
        whole.close()
        raise


def open_place(place: Path | Url, access: RemoteAccess = DEFAULT_ACCESS, *, is_sparse: bool = False) -> Content:
    """Open a file on this disk or behind a URL.

    Args:
        place: Where it is.
        access: How URLs may be fetched.
        is_sparse: Only small parts of it will be read.

    Raises:
        MediaError: As `open_stored`.
    """
    if isinstance(place, Url):
        return open_remote(place, access, is_sparse=is_sparse)
    try:
        with open_regular(place) as file:
            return Content.of_descriptor(os.dup(file.fileno()), name=str(place))
    except FileNotFoundError as error:
        raise MediaError(SkipCode.MISSING_FILE, f"{place}: no such file", hint="check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(SkipCode.UNREADABLE, f"{place}: cannot be opened ({reason})") from error


def stored_key(file: StoredFile, access: RemoteAccess = DEFAULT_ACCESS) -> str:
    """Return the content key of a stored file, hex.

    On this disk it is the SHA-256 of the file's own bytes, so that it is the same in a shard and beside it. Behind a
    URL it is made of the key of the whole (`remote_key`) and of where the file is in there.

    Raises:
        MediaError: As `open_stored`.
    """
    if isinstance(file.place, Url):
        if file.part is None:
            return remote_key(file.place, access)
        whole = recent_key(file.place, access)
        return hashlib.sha256(f"{whole}\0{file.part}".encode()).hexdigest()
    try:
        found = file.place.stat()
    except OSError:
        return _hash(file)  # which raises what it is
    state = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    age_ns = time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns)
    return _remembered_hash(file, state) if age_ns > _SETTLED_NS else _hash(file)


@lru_cache(maxsize=1 << 16)
def _remembered_hash(file: StoredFile, state: tuple[int, ...]) -> str:
    return _hash(file)


def _hash(file: StoredFile) -> str:
    content = open_stored(file)
    try:
        return hash_of(content)
    finally:
        content.close()


def _member(whole: Content, file: StoredFile, span: Span) -> Content:
    if span.offset + span.size > whole.size:
        there = max(0, whole.size - span.offset)
        raise MediaError(
            SkipCode.DECODE_ERROR,
            f"{file}: the shard breaks off after {there} of its {span.size} bytes",
            hint="write the shard again",
        )
    member = whole.part(span.offset, span.size, name=str(file))
    if isinstance(file.place, Path) or span.size > _READ_AT_ONCE:
        return member
    data = member.read(0, span.size)
    whole.close()
    return Content.of_bytes(data, name=str(file))
