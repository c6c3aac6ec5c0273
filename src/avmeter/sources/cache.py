"""Copies of remote files on this disk, where a server cannot deliver parts of them; bounded, and shared by runs.

A copy appears under its name when it is complete. Its name is made of URL, version (or date of change) and size, so
that another version is another copy. Readers hold the copy open: when another run removes its name to make room, they
read on. A server that says neither version nor date is asked again after some minutes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url
from avmeter.runtime.environment import cache_folder
from avmeter.sample.access import RemoteAccess
from avmeter.sources.content import Content
from avmeter.sources.facts import RemoteFacts, RemoteFile
from avmeter.sources.retrying import TransientError, retrying

_FRESH_S = 600.0
_STRAY_S = 24 * 3600.0
_DISK_RESERVE = 64 << 20
_PART = ".part-"


def cached_copy(url: Url, file: RemoteFile, facts: RemoteFacts, access: RemoteAccess) -> Content:
    """Return a file's copy, made if there is none.

    Args:
        url: Of the file.
        file: Fetched from.
        facts: What the server says of it.
        access: Limits of the file and of all copies.

    Raises:
        MediaError: `fetch_failed`; `over_limit`; `no_space`.
    """
    folder = cache_folder() / "remote"
    stamp = facts.version or facts.modified
    path = folder / hashlib.sha256(f"{url.identity}|{stamp}|{facts.size}".encode()).hexdigest()
    found = _open(path, facts, is_dated=bool(stamp))
    if found is None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if facts.size is not None:
                _make_room(folder, facts.size, access.cache_bytes)
            found = retrying(lambda: _fetched(path, url, file, facts, access), access, str(url))
            _make_room(folder, 0, access.cache_bytes)
        except OSError as error:
            raise _no_space(url, folder, error) from error
    return Content.of_descriptor(found, name=str(url))


def _open(path: Path, facts: RemoteFacts, *, is_dated: bool) -> int | None:
    """Open a copy that is whole and not too old; None if there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    state = os.fstat(descriptor)
    if (is_dated or time.time() - state.st_mtime < _FRESH_S) and facts.size in (None, state.st_size):
        with contextlib.suppress(OSError):  # in use: the last to be removed
            os.utime(path, (time.time(), state.st_mtime))
        return descriptor
    os.close(descriptor)
    return None


def _fetched(path: Path, url: Url, file: RemoteFile, facts: RemoteFacts, access: RemoteAccess) -> int:
    """Fetch a file to its place, and return it open."""
    descriptor, name = tempfile.mkstemp(prefix=_PART, dir=path.parent)
    part = Path(name)
    try:
        size = 0
        for block in file.blocks():
            size += len(block)
            check_size(url, size, access)
            _write(descriptor, block)
        if facts.size is not None and size != facts.size:
            raise TransientError(f"{size} bytes came, and the server said {facts.size}")
        os.replace(part, path)  # noqa: PTH105 - as in files.atomic
        return descriptor
    except BaseException:
        os.close(descriptor)
        part.unlink(missing_ok=True)
        raise


def _write(descriptor: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def check_size(url: Url, size: int, access: RemoteAccess) -> None:
    """Make sure that a file is no larger than files may be.

    Raises:
        MediaError: `over_limit`.
    """
    if size > access.max_file_bytes:
        raise MediaError(
            SkipCode.OVER_LIMIT,
            f"{url}: a file of {size} bytes and more; the limit max_file_bytes is {access.max_file_bytes}",
            hint="if the file is right: `--remote max_file_bytes=...`, or remote={'max_file_bytes': ...}",
        )


def _make_room(folder: Path, size: int, most: int) -> None:
    """Remove the copies that were used longest ago, until there is room for one of this size.

    Raises:
        OSError: The disk has no room for it.
    """
    copies = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # another run was faster
            state = path.stat()
            if path.name.startswith(_PART):
                if time.time() - state.st_mtime > _STRAY_S:
                    path.unlink()
            else:
                copies.append((state.st_atime, state.st_size, path))
    total = sum(copy[1] for copy in copies)
    for _, own, path in sorted(copies):
        if total + size <= most:
            break
        path.unlink(missing_ok=True)
        total -= own
    if shutil.disk_usage(folder).free < size + _DISK_RESERVE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _no_space(url: Url, folder: Path, error: OSError) -> MediaError:
    return MediaError(
        SkipCode.NO_SPACE,
        f"{url}: no copy of it can be written to {folder} ({error.strerror or error})",
        hint="make room there, or choose another folder with AVMETER_CACHE",
    )
