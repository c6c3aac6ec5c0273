"""Files and folders that are named by a path or a URL, as inputs are."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path, PurePosixPath

from avmeter.errors import ManifestError, SkipError
from avmeter.files import Url, as_location, is_folder, is_there, read_regular
from avmeter.manifest.folders import Listing, MediaFile
from avmeter.manifest.order import natural_key
from avmeter.media.extensions import MEDIA_EXTENSIONS
from avmeter.sample import RemoteAccess
from avmeter.sources import fetch
from avmeter.sources.listing import is_remote_folder, list_remote

Place = Path | Url
SHARD_EXTENSIONS = frozenset({".tar"})

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_WILD = re.compile(r"[*?\[]")
_FILES = MEDIA_EXTENSIONS | SHARD_EXTENSIONS | {".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".txt"}
_MAX_EXPANDED = 1_000_000
_MAX_TABLE_BYTES = 2 << 30


def expand_places(
    names: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], access: RemoteAccess
) -> list[Place]:
    """Return the places that inputs name: `{000..003}` counts, and `*` in the URL of a store is looked up there.

    Raises:
        ManifestError: A range is too long, a pattern fits nothing, or the store does not answer.
    """
    single = [names] if isinstance(names, str | os.PathLike) else names
    return [place for name in single for text in _counted(name) for place in _matched(as_location(text), access)]


def is_folder_at(place: Place, access: RemoteAccess) -> bool:
    """Return whether a place is a folder; a prefix of a store is one.

    Raises:
        ManifestError: The store does not answer.
    """
    if isinstance(place, Path):
        return is_folder(place)
    if place.text.endswith("/"):
        if place.is_web:
            what = f"{place}: the web has no folders that can be listed"
            raise ManifestError(what, hint="name the clips in a manifest")
        return True
    if place.is_web or place.suffix.lower() in _FILES:
        return False
    with _as_manifest_errors():
        return is_remote_folder(place, access)


def list_place(folder: Url, extensions: Iterable[str], access: RemoteAccess) -> Listing:
    """List the media files below a prefix of a store; as `list_media` does for folders.

    Raises:
        ManifestError: The store does not answer.
    """
    known = frozenset(extensions)
    with _as_manifest_errors():
        names = list_remote(folder, access)
    found, ignored = [], []
    for name in names:
        path = PurePosixPath(name)
        is_media = path.suffix.lower() in known and not any(part.startswith(".") for part in path.parts)
        if is_media:
            found.append(MediaFile(path=Url(f"{folder.text.rstrip('/')}/{name}"), name=name))
        else:
            ignored.append(name)
    return Listing(files=tuple(sorted(found, key=lambda f: natural_key(f.name))), ignored=tuple(sorted(ignored)))


def named_urls(urls: Sequence[Url]) -> list[MediaFile]:
    """Return files given one by one, named by their path below the folder that they share."""
    paths = [f"/{url.scheme}/{url.parts.netloc if url.is_web else ''}/{url.path}" for url in urls]
    shared = os.path.commonpath([os.path.dirname(p) for p in paths])  # noqa: PTH120 - no paths of this machine
    return [MediaFile(path=url, name=os.path.relpath(path, shared)) for url, path in zip(urls, paths, strict=True)]


def read_place(place: Place, access: RemoteAccess) -> bytes:
    """Return the bytes of a table.

    Raises:
        ManifestError: A URL cannot be fetched.
        OSError: A file cannot be read.
    """
    if isinstance(place, Path):
        return read_regular(place)
    with _as_manifest_errors():
        return fetch(place, access, max_bytes=_MAX_TABLE_BYTES)


@contextmanager
def _as_manifest_errors() -> Iterator[None]:
    try:
        yield
    except SkipError as error:
        raise ManifestError(error.message, hint=error.hint) from error


def _counted(name: str | os.PathLike[str]) -> Iterator[str | os.PathLike[str]]:
    """Yield the names that ranges in braces stand for, with leading zeros as they are written."""
    text = os.fspath(name)
    ranges = _RANGE.findall(text)
    if not ranges or is_there(Path(text)):
        yield name
        return
    steps = [_numbers(start, stop) for start, stop in ranges]
    total = 1
    for numbers in steps:
        total *= len(numbers)
    if total > _MAX_EXPANDED:
        raise ManifestError(f"{text}: stands for {total} names; at most {_MAX_EXPANDED} are read")
    for chosen in product(*steps):
        parts = iter(chosen)
        yield _RANGE.sub(lambda _: next(parts), text)  # noqa: B023 - used up at once


def _numbers(start: str, stop: str) -> Sequence[str]:
    width = len(start) if start.startswith("0") or stop.startswith("0") else 0
    step = 1 if int(start) <= int(stop) else -1
    count = abs(int(stop) - int(start)) + 1
    if count > _MAX_EXPANDED:
        raise ManifestError(f"{{{start}..{stop}}}: stands for {count} names; at most {_MAX_EXPANDED} are read")
    return [str(n).zfill(width) for n in range(int(start), int(stop) + step, step)]


def _matched(place: Place, access: RemoteAccess) -> list[Place]:
    if isinstance(place, Path) or place.is_web or not _WILD.search(place.path):
        return [place]
    text = place.text
    folder = Url(text[: text.rindex("/", 0, _WILD.search(text).start()) + 1])  # type: ignore[union-attr]
    pattern = text[len(folder.text) :]
    with _as_manifest_errors():
        found = [n for n in list_remote(folder, access) if fnmatch.fnmatchcase(n, pattern)]
    names = [n for n in found if not PurePosixPath(n).name.startswith(".")]
    if not names:
        raise ManifestError(f"{place}: nothing there has such a name", hint="check the pattern")
    return [Url(folder.text + name) for name in sorted(names, key=natural_key)]
