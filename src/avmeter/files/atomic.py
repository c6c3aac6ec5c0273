"""Files that appear complete or not at all, one by one and several together.

A file is written under another name in the same folder, brought to the disk, and renamed. Whatever ends the process
in between (a full disk, a kill, the power) leaves the old file, and at most a file `.avmeter-*.tmp`.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

_TEMPORARY = re.compile(r"\.avmeter-[0-9a-f]{12}\.tmp")


def write_atomically(path: Path, content: bytes | str) -> None:
    """Replace `path` with this content; at no time does it hold a part of it."""
    with StagedFiles() as staged:
        staged.add(path, content)
        staged.place()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends without an error."""
    temporary = _temporary_beside(path)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - the same call as in StagedFiles
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


class StagedFiles:
    """Files that are all on the disk, under other names, before the first of them takes its place.

    A context manager: what was not placed is removed at its end.
    """

    def __init__(self) -> None:
        self._temporary: dict[Path, Path] = {}

    def __enter__(self) -> StagedFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for temporary in self._temporary.values():
            temporary.unlink(missing_ok=True)

    def add(self, path: Path, content: bytes | str) -> None:
        """Write what shall become `path`; bytes, or text as UTF-8."""
        data = content.encode("utf-8") if isinstance(content, str) else content
        temporary = self._temporary[path] = _temporary_beside(path)
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def place(self, *paths: Path) -> None:
        """Rename these to their final names, or all that are left, and bring the names to the disk."""
        chosen = paths or tuple(self._temporary)
        for path in chosen:
            os.replace(self._temporary[path], path)  # noqa: PTH105 - tests count the calls
            del self._temporary[path]
        for folder in dict.fromkeys(p.parent for p in chosen):
            sync_folder(folder)


def remove_stray_files(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder."""
    for path in folder.iterdir():
        if _TEMPORARY.fullmatch(path.name):
            path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system has a way to."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):  # some network file systems cannot; the files themselves are on the disk
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _temporary_beside(path: Path) -> Path:
    return path.with_name(f".avmeter-{secrets.token_hex(6)}.tmp")
