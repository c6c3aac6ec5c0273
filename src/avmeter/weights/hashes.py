"""SHA-256 of files: computed, cached, compared with the catalog, pinned where the catalog knows none."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
import warnings
from pathlib import Path

from filelock import FileLock

from avmeter.errors import WeightsError
from avmeter.files import open_regular, parse_json, read_regular, write_atomically
from avmeter.runtime.environment import Settings
from avmeter.weights.catalog import Entry, File
from avmeter.weights.file_head import describe_foreign

# Clocks of file systems go in steps of up to 10 ms.
_TICK_NS = 20_000_000


class UnpinnedWeightsWarning(UserWarning):
    """A file whose hash nobody published was taken as it is, and its hash is remembered from now on."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def known_sha256(path: Path, settings: Settings) -> str:
    """Return the SHA-256 of a file, cached by its state so that a start reads nothing twice."""
    path = path.resolve()
    state = _state(path)
    cached = _read_json(_cache_file(path, settings))
    if cached.get("state") == state and isinstance(cached.get("sha256"), str):
        return str(cached["sha256"])
    return read_sha256(path, settings)


def read_sha256(path: Path, settings: Settings) -> str:
    """Return the SHA-256 of a file as it is on disk, whatever is cached; and cache it."""
    path = path.resolve()
    _wait_for_tick(path)
    before = _state(path)
    sha256 = sha256_of(path)
    if _state(path) == before:
        _write_note(path, before, sha256, settings)
    return sha256


def cache_sha256(path: Path, sha256: str, settings: Settings) -> None:
    """Cache the hash of a file that was just put in place. A cache that cannot be written is no error."""
    path = path.resolve()
    _wait_for_tick(path)
    _write_note(path, _state(path), sha256, settings)


def _state(path: Path) -> list[object]:
    """Return what tells one content of a file from the next.

    Size and time of change alone survive `cp -p` and `touch -r`; nobody sets the time at which the inode changed, and
    a file that was renamed to this name has another inode.
    """
    status = path.stat()
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return [str(path), status.st_size, *times, status.st_ino, status.st_dev]


def _wait_for_tick(path: Path) -> None:
    """Let the clock of the file system pass the last change, so that another one cannot have the same time."""
    age_ns = time.time_ns() - path.stat().st_ctime_ns
    if 0 <= age_ns < _TICK_NS:
        time.sleep((_TICK_NS - age_ns) / 1e9)


def _write_note(path: Path, state: list[object], sha256: str, settings: Settings) -> None:
    with contextlib.suppress(OSError):
        _write_json(_cache_file(path, settings), {"state": state, "sha256": sha256})


def _cache_file(path: Path, settings: Settings) -> Path:
    return settings.hash_cache / f"{hashlib.sha256(str(path).encode()).hexdigest()[:32]}.json"


def check(path: Path, entry: Entry, file: File, settings: Settings) -> str:
    """Return the SHA-256 of the file at `path`, which must be the one of the catalog, or the pinned one.

    Warns:
        UnpinnedWeightsWarning: No hash was known; this one is pinned in the lock file.

    Raises:
        WeightsError: It is another file, or one that cannot be of the format.
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
    foreign = describe_foreign(path, file)
    if foreign is not None:
        raise mismatch(path, entry, foreign, settings)
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
        content = parse_json(read_regular(path).decode("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(content, indent=1))
