"""Where a checkpoint's file is: on this machine, to be built from installed packages, or to be fetched.

In this order: the explicit folder, the folder that `AVMETER_WEIGHTS` names, an installed package that ships
the file, our download cache, the hub library's cache, then the network. A folder holds `NAME/file`, or the file
alone if its name belongs to one checkpoint only (or its hash shows whose it is).
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from avmeter.errors import WeightsError
from avmeter.files import is_file, is_folder
from avmeter.runtime.environment import Settings
from avmeter.weights.catalog import Entry, File, HubFile, catalog
from avmeter.weights.fetch import Progress, RetryPolicy, fetch_file
from avmeter.weights.file_head import describe_foreign
from avmeter.weights.hashes import check, known_sha256, pinned_sha256, read_sha256
from avmeter.weights.packages import find_in_package, has_parts, join_parts


def find(entry: Entry, file: File, folder: Path | None, settings: Settings) -> Path | None:
    """Return the file on this machine, not yet verified; None if it is not here. No network, nothing is written."""
    return next(_places(entry, file, folder, settings), None)


def resolve(
    entry: Entry,
    file: File,
    folder: Path | None,
    settings: Settings,
    *,
    network: bool = True,
    progress: Progress | None = None,
    retry: RetryPolicy | None = None,
) -> Path | None:
    """Return the verified file: found, built or fetched. None if it is not here and `network` is False.

    Raises:
        WeightsError: The file is another one than the catalog's, or cannot be fetched.
    """
    try:
        found = find(entry, file, folder, settings)
        if found is None and has_parts(file):
            found = build(entry, file, settings)
        if found is None and network:
            found = _fetched(entry, file, folder, settings, progress, retry)
        if found is not None:
            check(found, entry, file, settings)
    except OSError as error:
        raise WeightsError(
            f"{error.filename or entry.name}: {error.strerror or error}",
            hint="check rights and room of the folder; AVMETER_CACHE names another one for downloads",
        ) from error
    return found


def _fetched(
    entry: Entry,
    file: File,
    folder: Path | None,
    settings: Settings,
    progress: Progress | None,
    retry: RetryPolicy | None,
) -> Path:
    """Download the file; when that fails, the error names a file that was passed over."""
    try:
        return fetch_file(entry, file, settings, progress=progress, retry=retry)
    except WeightsError as error:
        for base in (folder, settings.folder):
            other = None if base is None else next(_existing(base / file.name), None)
            if other is not None:
                raise WeightsError(
                    f"{error.message}; {other} was passed over: several checkpoints have a file of that name, and its "
                    "SHA-256 is not that of this one",
                    hint=f"if it is the right one, put it into a folder called {entry.name}",
                ) from error
        raise


def discard_damaged(entry: Entry, file: File, settings: Settings) -> None:
    """Delete a file from our download cache if it is not the one of the catalog (or the pinned one), or a page."""
    target = settings.downloads / entry.name / file.name
    if not is_file(target):
        return
    pinned = pinned_sha256(entry, file, settings)
    accepted = file.accepted or ((pinned,) if pinned else ())
    if (accepted and read_sha256(target, settings) not in accepted) or (
        not file.accepted and describe_foreign(target, file) is not None
    ):
        target.unlink()


def build(entry: Entry, file: File, settings: Settings) -> Path:
    """Make the file from the parts that installed packages ship.

    It is made in the download cache; where that cannot be written, in a temporary folder of this process.
    """
    try:
        return join_parts(file, settings.downloads / entry.name)
    except OSError:
        return join_parts(file, _folder_aside(entry.name))


@cache
def _folder_aside(entry: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="avmeter-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / entry


def folders(entry: Entry, folder: Path | None, settings: Settings) -> Iterator[Path]:
    """Yield existing folders that may hold all files of a checkpoint side by side, in order of preference."""
    for base in (folder, settings.folder):
        if base is not None:
            yield from (f for f in (base / entry.name, base) if is_folder(f))
    yield from (f for f in (settings.downloads / entry.name,) if is_folder(f))
    for snapshot in dict.fromkeys(_snapshot(h, settings) for f in entry.files for h in _hub_files(f)):
        if snapshot is not None and is_folder(snapshot):
            yield snapshot


def _places(entry: Entry, file: File, folder: Path | None, settings: Settings) -> Iterator[Path]:
    for base in (folder, settings.folder):
        if base is not None:
            yield from _in_folder(base, entry, file, settings)
    if file.package and file.package.path:
        shipped = find_in_package(file.package.path)
        if shipped is not None:
            yield shipped
    yield from _existing(settings.downloads / entry.name / file.name)
    yield from _in_hub_cache(file, settings)


def _in_folder(base: Path, entry: Entry, file: File, settings: Settings) -> Iterator[Path]:
    if is_file(base):
        yield from _existing(base if base.name == file.name else base / file.name)
        return
    yield from _existing(base / entry.name / file.name)
    for flat in _existing(base / file.name):
        if _owners(file.name) <= 1 or known_sha256(flat, settings) in file.accepted:
            yield flat


def _owners(name: str) -> int:
    """Return how many checkpoints have a file of that name."""
    return sum(any(f.name == name for f in e.files) for e in catalog().values())


def _in_hub_cache(file: File, settings: Settings) -> Iterator[Path]:
    for hub in _hub_files(file):
        snapshot = _snapshot(hub, settings)
        if snapshot is None:
            continue
        yield from _existing(snapshot / hub.path)
        # Another revision of the repository may hold the same bytes; large files are stored under their SHA-256.
        for sha256 in file.accepted:
            yield from _existing(snapshot.parent.parent / "blobs" / sha256)


def _hub_files(file: File) -> list[HubFile]:
    return [hub for url in file.urls if (hub := HubFile.parse(url))]


def _snapshot(hub: HubFile, settings: Settings) -> Path | None:
    """Return the folder of one revision in the hub library's cache."""
    if settings.hub_cache is None:
        return None
    return settings.hub_cache / f"models--{hub.repo.replace('/', '--')}" / "snapshots" / hub.revision


def _existing(path: Path) -> Iterator[Path]:
    if is_file(path):
        yield path
