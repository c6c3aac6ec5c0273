"""Every checkpoint file at hand, compared with the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from avmeter.runtime.environment import Settings
from avmeter.weights.catalog import Entry, File, catalog
from avmeter.weights.file_head import describe_foreign
from avmeter.weights.hashes import pinned_sha256, read_sha256
from avmeter.weights.locate import find
from avmeter.weights.packages import has_parts
from avmeter.weights.source import WeightsSource

State = Literal["ok", "pinned", "unpinned", "mismatch", "unreadable", "buildable", "absent"]


@dataclass(frozen=True, kw_only=True)
class FileStatus:
    """Result of comparing one file with the catalog.

    Attributes:
        entry: Name of the checkpoint.
        file: Name of the file.
        status: "ok" equals the catalog's hash; "pinned" equals the hash pinned on first use; "unpinned" no hash is
            known; "mismatch" another file, or not of the format; "unreadable" cannot be read; "buildable" installed
            packages hold its parts; "absent" not on this machine.
        path: Where it is, or None.
        sha256: Its hash, or None.
    """

    entry: str
    file: str
    status: State
    path: Path | None = None
    sha256: str | None = None


def verify(source: WeightsSource | None = None, *, absent: bool = False) -> list[FileStatus]:
    """Read and check every file at hand; nothing is downloaded, built or pinned.

    Args:
        source: Where to look; None for "auto".
        absent: List also what is not on this machine.
    """
    base, settings = (source.base if source else None), Settings.read()
    found = [_status(e, f, base, settings) for e in catalog().values() for f in e.files]
    return [s for s in found if absent or s.status != "absent"]


def _status(entry: Entry, file: File, base: Path | None, settings: Settings) -> FileStatus:
    path = find(entry, file, base, settings)
    if path is None:
        state: State = "buildable" if has_parts(file) else "absent"
        return FileStatus(entry=entry.name, file=file.name, status=state)
    try:
        sha256 = read_sha256(path, settings)
        foreign = describe_foreign(path, file)
    except OSError:
        return FileStatus(entry=entry.name, file=file.name, status="unreadable", path=path)
    pinned = None if file.accepted else pinned_sha256(entry, file, settings)
    state = _compare(sha256, file, pinned, foreign)
    return FileStatus(entry=entry.name, file=file.name, status=state, path=path, sha256=sha256)


def _compare(sha256: str, file: File, pinned: str | None, foreign: str | None) -> State:
    if file.accepted:
        return "ok" if sha256 in file.accepted else "mismatch"
    if foreign is not None:
        return "mismatch"
    if pinned is None:
        return "unpinned"
    return "pinned" if sha256 == pinned else "mismatch"
