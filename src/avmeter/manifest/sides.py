"""One side of a set: the files behind a path, a folder or a list of paths."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from avmeter.errors import ManifestError
from avmeter.files import Url, as_location, is_there
from avmeter.manifest.folders import Listing, MediaFile, list_media
from avmeter.manifest.places import Place, is_folder_at, list_place, named_urls
from avmeter.media.extensions import MEDIA_EXTENSIONS
from avmeter.sample import DEFAULT_ACCESS, RemoteAccess

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
    spec: PathSpec,
    name: str,
    extensions: frozenset[str] = MEDIA_EXTENSIONS,
    *,
    leave_out: Sequence[Path] = (),
    access: RemoteAccess = DEFAULT_ACCESS,
) -> Side:
    """Find the files of one side.

    Args:
        spec: A file, a folder, or paths.
        name: The role, for messages.
        extensions: Of the files to find in a folder; files given one by one may have any.
        leave_out: Folders not to enter.
        access: How URLs of folders may be fetched.

    Raises:
        ManifestError: The list is empty or has no order, a path does not exist, or the folder has no such file.
    """
    if not isinstance(spec, str | os.PathLike):
        if isinstance(spec, Set | Mapping):
            raise ManifestError(f"{name} is a {type(spec).__name__}, which is no list", hint="give a list of paths")
        paths = [as_location(p) for p in spec]
        if not paths:
            raise ManifestError(f"{name} is an empty list")
        return Side(name=name, files=tuple(named_files(paths)))
    path = as_location(spec)
    if is_folder_at(path, access):
        listing = (
            list_place(path, extensions, access)
            if isinstance(path, Url)
            else list_media(path, extensions, leave_out=[p for p in leave_out if p.resolve() != path.resolve()])
        )
        return _folder_side(path, name, extensions, listing)
    if isinstance(path, Path) and not is_there(path):
        raise ManifestError(f"{name}: {path} is neither a file nor a folder", hint="check the path")
    return Side(name=name, files=tuple(named_files([path])))


def local_paths(*specs: PathSpec | None) -> list[Path]:
    """Return those sides that are one path of this machine."""
    places = [as_location(s) for s in specs if isinstance(s, str | os.PathLike)]
    return [p for p in places if isinstance(p, Path)]


def _folder_side(path: Place, name: str, extensions: frozenset[str], listing: Listing) -> Side:
    if not listing.files:
        kinds = "media" if extensions == MEDIA_EXTENSIONS else "video"
        raise ManifestError(
            f"{name}: no {kinds} files in {path} ({len(listing.ignored)} other files)",
            hint="tar shards are named one by one, or by a pattern: *.tar"
            if any(name.endswith(".tar") for name in listing.ignored)
            else f"known extensions: {' '.join(sorted(extensions))}; files given one by one may have any",
        )
    ignored = tuple(str(path / i) if isinstance(path, Path) else str(path.joined(i)) for i in listing.ignored)
    return Side(name=name, files=listing.files, is_folder=True, ignored=ignored)


def named_files(paths: Sequence[Place]) -> list[MediaFile]:
    """Return files given one by one, named by their path below the folder that they share, here and elsewhere."""
    local = [p for p in paths if isinstance(p, Path)]
    shared = Path(os.path.commonpath([p.absolute().parent for p in local])) if local else Path()
    urls = [p for p in paths if isinstance(p, Url)]
    remote = iter(named_urls(urls) if urls else ())
    return [
        MediaFile(path=p, name=p.absolute().relative_to(shared).as_posix()) if isinstance(p, Path) else next(remote)
        for p in paths
    ]
