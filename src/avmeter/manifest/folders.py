"""Media files of a folder, by extension, at any depth; what is not media is named, not read and not touched."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from avmeter.errors import ManifestError
from avmeter.files import Url
from avmeter.manifest.order import natural_key
from avmeter.media.extensions import AUDIO_EXTENSIONS, MEDIA_EXTENSIONS, is_source_code, without_extension


@dataclass(frozen=True, kw_only=True)
class MediaFile:
    """A media file, and the name it goes by in its folder.

    Attributes:
        path: As it can be opened.
        name: Path relative to the folder, with "/" on every system; for a file given by itself its own name.
    """

    path: Path | Url
    name: str

    @property
    def text(self) -> str:
        """The path as a sample has it; a URL with all that it needs to be opened."""
        return self.path.text if isinstance(self.path, Url) else str(self.path)

    @property
    def key(self) -> str:
        """The name without its extension, in one Unicode form (file systems differ in how they store umlauts)."""
        return without_extension(self.name)

    @property
    def extension(self) -> str:
        """Lower-case extension with its dot, or an empty string."""
        return self.path.suffix.lower()

    @property
    def is_sound(self) -> bool:
        """True if the extension is one of sound files; a video or unknown one may hold both."""
        return self.extension in AUDIO_EXTENSIONS


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What is in a folder: media files in natural order (2 before 10), and the names of everything else."""

    files: tuple[MediaFile, ...]
    ignored: tuple[str, ...]


def list_media(
    folder: Path, extensions: Iterable[str] = MEDIA_EXTENSIONS, *, leave_out: Iterable[Path] = ()
) -> Listing:
    """List the media files of `folder` and its sub-folders.

    Links to folders are followed, each folder once, so that loops end. Hidden files and folders are ignored. A link
    that leads nowhere is listed: its absence is then reported for that clip.

    Args:
        folder: Where to look.
        extensions: Lower-case extensions, with dots, of the files to list.
        leave_out: Folders not to enter, such as one with the references inside the generated set.

    Raises:
        ManifestError: `folder`, or one below it, cannot be listed.
    """
    known = frozenset(extensions)
    found: list[MediaFile] = []
    ignored: list[str] = []
    visited = {os.path.realpath(p) for p in leave_out}
    for root, folders, names in os.walk(folder, followlinks=True, onerror=_refuse):
        place = os.path.realpath(root)
        if place in visited:
            folders.clear()
            continue
        visited.add(place)
        base = Path(root)
        for name in sorted(folders):
            if name.startswith("."):
                folders.remove(name)
                ignored.append(f"{_relative(base / name, folder)}/")
            elif Path(name).suffix.lower() in MEDIA_EXTENSIONS:
                ignored.append(f"{_relative(base / name, folder)}/")
        for name in names:
            path = base / name
            relative = _relative(path, folder)
            is_media = path.suffix.lower() in known and not name.startswith(".")
            if is_media and (path.is_file() or path.is_symlink()) and not is_source_code(path):
                found.append(MediaFile(path=path, name=relative))
            else:
                ignored.append(relative)
    return Listing(files=tuple(sorted(found, key=lambda f: natural_key(f.name))), ignored=tuple(sorted(ignored)))


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _refuse(error: OSError) -> None:
    raise ManifestError(
        f"{error.filename}: cannot be listed ({error.strerror})", hint="check the permissions of this folder"
    ) from error


def holds_one_set_per_folder(names: Iterable[str]) -> bool:
    """Return whether clips lie in several folders that all hold the same names, as outputs of several models do.

    One name in each is not enough: `0001/out.wav`, `0002/out.wav` are different clips.
    """
    folders: dict[PurePosixPath, list[str]] = defaultdict(list)
    for name in names:
        path = PurePosixPath(name)
        folders[path.parent].append(without_extension(path.name))
    sets = [sorted(own) for own in folders.values()]
    return len(sets) > 1 and all(own == sets[0] for own in sets) and len(set(sets[0])) == len(sets[0]) > 1
