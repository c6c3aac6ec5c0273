"""Content keys: names of media by what they hold, so that a feature is found again whatever the file is called."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from avmeter.errors import MediaError, SkipCode
from avmeter.media.container import File, FileBytes, check_file, size_of
from avmeter.sources import Content, hash_of

_BLOCK_BYTES = 1 << 20
# A write sets a file's times before its bytes are there, and times have steps, of 2 s on some disks: a state this
# recent may still be that of other bytes.
_SETTLED_NS = 2_000_000_000
_MOST_KNOWN = 1 << 16

KnownHash = tuple[tuple[int, ...], str]
"""Size, times and inode of a file, and the hash of what was in it then."""

_known: dict[str, KnownHash] = {}  # by path; without a lock, which a fork could copy while it is held


def content_key(file: File) -> str:
    """Return the SHA-256 of the bytes of a file, hex.

    A file that was hashed before and whose size, inode and times are the same is not read again, once those times are
    past: what was written a moment ago is.

    Raises:
        MediaError: The file is missing, empty, a folder, or cannot be read.
    """
    if isinstance(file, FileBytes):
        size_of(file)
        return hashlib.sha256(file.data).hexdigest()
    if isinstance(file, Content):
        size_of(file)
        return hash_of(file)
    found = check_file(file)
    try:
        path, state = os.fspath(file), (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        known = _known.get(path)
        age_ns = time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns)
        if age_ns <= _SETTLED_NS:
            return _hash_file(path)
        if known is None or known[0] != state:
            known = state, _hash_file(path)
            remember_hashes({path: known})
        return known[1]
    except OSError as error:
        raise MediaError(SkipCode.UNREADABLE, f"{file}: cannot be read ({error.strerror})") from error


def array_key(array: np.ndarray, rate: float | None) -> str:
    """Return the SHA-256 of the values, shape and dtype of an array and of its sample or frame rate, hex."""
    digest = hashlib.sha256(f"{array.shape}|{array.dtype.str}|{rate}".encode())
    digest.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return digest.hexdigest()


def known_hashes(paths: Iterable[str]) -> dict[str, KnownHash]:
    """Return those of these files that were hashed before, for `remember_hashes` in another process of this machine."""
    return {path: known for path in paths if (known := _known.get(path)) is not None}


def remember_hashes(hashes: Mapping[str, KnownHash]) -> None:
    """Take the hashes of files, by path; each holds as long as the file is in the state in which it was hashed."""
    if len(_known) + len(hashes) > _MOST_KNOWN:
        _known.clear()
    _known.update(hashes)


def _hash_file(path: str) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
