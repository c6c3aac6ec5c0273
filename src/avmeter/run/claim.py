"""One run at a time writes a run folder."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from avmeter.errors import UsageError

_OTHER = "choose another folder with `--out`"
LOCK = ".avmeter-run.lock"
"""File in a run folder, as long as a run goes on that will be written there."""


@contextlib.contextmanager
def claim_run(place: Path) -> Iterator[None]:
    """Keep other runs out of a folder for as long as the block lasts; the end of the process ends it, however it comes.

    File systems without locks, and systems without them, let everybody in.

    Raises:
        UsageError: Another run has the folder.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{place}: cannot be written ({error.strerror or error})", hint=_OTHER) from error
    descriptor = _lock(place / LOCK)
    try:
        yield
    finally:
        if descriptor is not None:
            with contextlib.suppress(OSError):
                (place / LOCK).unlink()
            os.close(descriptor)
        with contextlib.suppress(OSError):  # nothing was written into it
            place.rmdir()


def _lock(path: Path) -> int | None:
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError:  # `prepare_run` has said what cannot be written
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 200).decode("utf-8", "replace").strip()
            os.close(descriptor)
            raise UsageError(
                f"{path.parent}: another run is writing to it ({owner or 'unknown process'})",
                hint=f"wait until it has ended, or {_OTHER}",
            ) from None
        except OSError:
            os.close(descriptor)
            return None
        if _is_in_place(descriptor, path):
            with contextlib.suppress(OSError):  # a full disk
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"process {os.getpid()} on {platform.node()}\n".encode())
            return descriptor
        os.close(descriptor)  # its owner has removed it in between


def _is_in_place(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False
