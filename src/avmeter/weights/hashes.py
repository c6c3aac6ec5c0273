"""SHA-256 of files: computed, cached, compared with the catalog, pinned where the catalog knows none."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import warnings
from pathlib import Path

from filelock import FileLock

from avmeter.errors import WeightsError
from avmeter.runtime.environment import Settings
from avmeter.weights.catalog import Entry, File


class UnpinnedWeightsWarning(UserWarning):
    """A file whose hash nobody published was taken as it is, and its hash is remembered from now on."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` last through a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def known_sha256(path: Path, settings: Settings) -> str:
    """Return the SHA-256 of a file, cached by (path, size, modification time) so that a start reads nothing twice."""
    path = path.resolve()
    status = path.stat()
    state = [str(path), status.st_size, status.st_mtime_ns]
    cached = _read_json(_cache_file(path, settings))
    if cached.get("state") == state:
        return str(cached["sha256"])
    sha256 = sha256_of(path)
    cache_sha256(path, sha256, settings)
    return sha256


def cache_sha256(path: Path, sha256: str, settings: Settings) -> None:
    """Cache the hash of a file as it is now. A cache that cannot be written is no error."""
    path = path.resolve()
    status = path.stat()
    content = {"state": [str(path), status.st_size, status.st_mtime_ns], "sha256": sha256}
    try:
        _write_json(_cache_file(path, settings), content)
    except OSError:
        return


def _cache_file(path: Path, settings: Settings) -> Path:
    return settings.hash_cache / f"{hashlib.sha256(str(path).encode()).hexdigest()[:32]}.json"


def check(path: Path, entry: Entry, file: File, settings: Settings) -> str:
    """Return the SHA-256 of the file at `path`, which must be the one of the catalog, or the pinned one.

    Warns:
        UnpinnedWeightsWarning: No hash was known; this one is pinned in the lock file.

    Raises:
        WeightsError: It is another file.
    """
    size = path.stat().st_size
    if file.exact_size is not None and size != file.exact_size:
        raise mismatch(path, entry, f"{size} bytes instead of {file.exact_size}", settings)
    found = known_sha256(path, settings)
    accepted = file.accepted or _pinned_or_new(found, path, entry, file, settings)
    if found not in accepted:
        source = "the catalog" if file.accepted else f"what was pinned in {settings.lock_file}"
        raise mismatch(
            path,
            entry,
            f"SHA-256 does not match {source} (expected {' or '.join(accepted)}, got {found}, {size} bytes)",
            settings,
        )
    return found


def mismatch(path: Path, entry: Entry, what: str, settings: Settings) -> WeightsError:
    """Return the error for a file that is not the expected one, with what to do about it."""
    command = f"`avmeter weights fetch {entry.name}`"
    if path.is_relative_to(settings.downloads):
        hint = f"fetch it again: {command}"
    else:
        hint = f"delete or replace the file, or take it out of AVMETER_WEIGHTS, then fetch it again: {command}"
    return WeightsError(f"{path}: {what}", hint=hint)


def pinned_sha256(entry: Entry, file: File, settings: Settings) -> str | None:
    """Return the hash that was pinned when this file was first used, or None."""
    return _read_pins(settings).get(f"{entry.name}/{file.name}")


def _pinned_or_new(found: str, path: Path, entry: Entry, file: File, settings: Settings) -> tuple[str]:
    pinned = pinned_sha256(entry, file, settings)
    if pinned:
        return (pinned,)
    settings.cache.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.lock_file.with_suffix(".lock")):
        pins = _read_pins(settings)
        earlier = pins.setdefault(f"{entry.name}/{file.name}", found)
        _write_json(settings.lock_file, dict(sorted(pins.items())))
    warnings.warn(
        f"{path}: the catalog knows no SHA-256 for this file of {entry.name}; {found} is pinned in "
        f"{settings.lock_file} and required from now on",
        UnpinnedWeightsWarning,
        stacklevel=2,
    )
    return (earlier,)


def _read_pins(settings: Settings) -> dict[str, str]:
    """Return the pins of the lock file. A damaged one is an error: starting afresh would accept any file."""
    path = settings.lock_file
    if not path.exists():
        return {}
    pins = _read_json(path)
    if not pins or not all(isinstance(pin, str) for pin in pins.values()):
        raise WeightsError(f"{path}: not a lock file of avmeter", hint="repair it, or delete it to pin afresh")
    return {name: str(pin) for name, pin in pins.items()}


def _read_json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=1)
    Path(temporary).replace(path)
