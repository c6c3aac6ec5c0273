"""One side of a set: the files behind a path, a folder or a list of paths."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from avmeter.errors import ManifestError
from avmeter.files import is_folder, is_there
from avmeter.manifest.folders import MediaFile, list_media
from avmeter.media.extensions import MEDIA_EXTENSIONS

PathSpec = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True, kw_only=True)
class Side:
    """Files that play one role.

    Attributes:
        name: The role: "audio", "reference" ...
        files: In the caller's order, those of a folder in natural order.
        is_folder: True if they were found in a folder, which has no order of its own.
        ignored: Paths of what else is in the folder.
    """

    name: str
    files: tuple[MediaFile, ...]
    is_folder: bool = False
    ignored: tuple[str, ...] = ()


def resolve_side(
    spec: PathSpec, name: str, extensions: frozenset[str] = MEDIA_EXTENSIONS, *, leave_out: Sequence[Path] = ()
) -> Side:
    """Find the files of one side.

    Args:
        spec: A file, a folder, or paths.
        name: The role, for messages.
        extensions: Of the files to find in a folder; files given one by one may have any.
        leave_out: Folders not to enter.

    Raises:
        ManifestError: The list is empty or has no order, a path does not exist, or the folder has no such file.
    """
    if not isinstance(spec, str | os.PathLike):
        if isinstance(spec, Set | Mapping):
            raise ManifestError(f"{name} is a {type(spec).__name__}, which is no list", hint="give a list of paths")
        paths = [Path(p) for p in spec]
        if not paths:
            raise ManifestError(f"{name} is an empty list")
        return Side(name=name, files=tuple(named_files(paths)))
    path = Path(spec)
    if is_folder(path):
        return _folder_side(path, name, extensions, leave_out)
    if not is_there(path):
        raise ManifestError(f"{name}: {path} is neither a file nor a folder", hint="check the path")
    return Side(name=name, files=tuple(named_files([path])))


def _folder_side(path: Path, name: str, extensions: frozenset[str], leave_out: Sequence[Path]) -> Side:
    listing = list_media(path, extensions, leave_out=[p for p in leave_out if p.resolve() != path.resolve()])
    if not listing.files:
        kinds = "media" if extensions == MEDIA_EXTENSIONS else "video"
        raise ManifestError(
            f"{name}: no {kinds} files in {path} ({len(listing.ignored)} other files)",
            hint=f"known extensions: {' '.join(sorted(extensions))}; files given one by one may have any",
        )
    ignored = tuple(f"{path / i}" for i in listing.ignored)
    return Side(name=name, files=listing.files, is_folder=True, ignored=ignored)


def named_files(paths: Sequence[Path]) -> list[MediaFile]:
    """Return files given one by one, named by their path below the folder that they share."""
    shared = Path(os.path.commonpath([p.absolute().parent for p in paths]))
    return [MediaFile(path=p, name=p.absolute().relative_to(shared).as_posix()) for p in paths]
