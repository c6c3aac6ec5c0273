"""Which clips a cell of a table names: with or without folder, extension, quotes, exact case or leading zeros."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from avmeter.files import as_url
from avmeter.media.extensions import MEDIA_EXTENSIONS
from avmeter.sample import StoredFile

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_VIDEO_ID = re.compile(r"(?:Y|watch\?v=)?([A-Za-z0-9_-]{11})")
_SEGMENT = re.compile(r"Y?([A-Za-z0-9_-]{11})(?:_[0-9]{6}|(?:_[0-9]+(?:\.[0-9]+)?){2})?")  # start, or start and end
_FORMULA_GUARD = re.compile(r"'[=+\-@]")  # what keeps a spreadsheet from computing a name like -abc
_INVISIBLE = dict.fromkeys((0xFEFF, 0x200B, 0x200E, 0x200F, 0x2060))  # marks of byte order, width and direction
_QUOTES = ('""', "''", "``", "“”", "‘’", "„“", "«»")

Parts = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Found:
    """Clips that a cell names.

    Attributes:
        positions: Of the clips; several only where they have one name (`a.wav` and `a.flac`, or one file twice).
        looseness: Whether the spellings are far apart, whether the cell has folders that the clip is not known to have,
            how far the spellings differ, and how many folders agree. A cell with a smaller value names the clip better.
    """

    positions: tuple[int, ...]
    looseness: tuple[int, ...]

    @property
    def is_far(self) -> bool:
        """True if the name differs by more than folders and extensions: by case, a number or the form of an id."""
        return bool(self.looseness[0])


@dataclass(frozen=True)
class _Name:
    """A name of a clip in parts: below its folder, and as far up as is known."""

    position: int
    relative: Parts
    full: Parts


class ClipNames:
    """Clips by their names.

    A cell names a clip if their file names agree and one of the two paths is the end of the other: `a` and `gen/x/a`
    both name the clip `x/a.wav` of the folder `gen`, and so does `/data/x/a.mp4`; `y/a` does not. Spellings are tried
    from strict to loose: as it is, without the clip's extension, without either's, without all media extensions
    (`clip.mp4.wav`), as an id of YouTube, without regard to case, and as numbers (a spreadsheet makes `7` of `007`).
    AudioCaps puts a `Y` before such ids, VGGSound and AudioSet the start after them.

    Args:
        samples: Dicts; ids and paths are names.
        names: A further name of each clip, such as its path below its own one of several folders. A cell may then name
            one clip of each folder.
    """

    def __init__(self, samples: Sequence[Mapping[str, Any]], names: Sequence[str] | None = None) -> None:
        self._labels = [name_of(s, i) for i, s in enumerate(samples)]
        self._by_spelling: list[dict[str, list[_Name]]] = [defaultdict(list) for _ in _SPELLINGS]
        for position, sample in enumerate(samples):
            found = _names(sample, position)
            if names is not None and (below := parts_of(names[position])) not in [n.relative for n in found]:
                found.append(_Name(position, below, found[0].full))
            for name in found:
                for table, (_, spell) in zip(self._by_spelling, _SPELLINGS, strict=True):
                    key = spell(name.relative[-1])
                    if key is not None:
                        table[key].append(name)

    @property
    def labels(self) -> Sequence[str]:
        """Name of each clip for messages."""
        return self._labels

    def of_file_name(self, cell: Any) -> tuple[str, ...]:
        """Return the labels of the clips whose file has the name that a cell gives, in whatever folder."""
        parts = parts_of(cell)
        found = self._by_spelling[_STEMS].get(_stem(parts[-1]), []) if parts else []
        return tuple(self._labels[p] for p in sorted({name.position for name in found}))

    def find(self, cell: Any) -> Found | None:
        """Return the clips that a cell names; None if there is none, or if several of different names fit alike."""
        parts = parts_of(cell)
        if not parts:
            return None
        for level, (table, (spell, _)) in enumerate(zip(self._by_spelling, _SPELLINGS, strict=True)):
            key = spell(parts[-1])
            fold = str.casefold if level >= _FIRST_FOLDED else str
            near = {n: r for n in table.get(key, ()) if (r := _distance(parts, n, fold)) is not None} if key else {}
            if near:
                best = min(near.values())
                names = [n for n, rank in near.items() if rank == best]
                alike = len({_bare("/".join(n.relative)) for n in names}) == 1
                positions = tuple(sorted({n.position for n in names}))
                if not alike and len(positions) > 1:
                    return None
                return Found(positions=positions, looseness=(level >= _FIRST_FOLDED, best[0], level, *best[1:]))
        return None


def name_of(sample: Mapping[str, Any], position: int) -> str:
    """Return what a sample is called: its id, else its path, else its position."""
    return str(sample.get("id", path_of(sample) or position))


def path_of(sample: Mapping[str, Any]) -> str | None:
    """Return the path of a sample's generated file, or its URL without host and query; None for arrays."""
    for key in ("audio", "video", "video_path"):
        value = getattr(sample.get(key), "source", sample.get(key))
        if isinstance(value, StoredFile):
            return str(value)
        if isinstance(value, str | os.PathLike):
            url = as_url(value)
            return str(value) if url is None else f"{url.scheme}://{url.path}"
    return None


def parts_of(cell: Any) -> Parts:
    """Return the folders and the file name that a cell gives; empty if it is no name (a list, a truth value, nothing).

    Windows separators, quotation marks, white space around it and `./` are taken off. An object goes by its `path`.
    """
    if isinstance(cell, Mapping):
        cell = cell.get("path")
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return ()
    text = unicodedata.normalize("NFC", text_of(cell).translate(_INVISIBLE)).strip()
    while len(text) > 1 and text[0] + text[-1] in _QUOTES:
        text = text[1:-1].strip()
    if _FORMULA_GUARD.match(text):
        text = text[1:]
    return tuple(p for p in text.replace("\\", "/").split("/") if p not in ("", "."))


def text_of(cell: Any) -> str:
    """Return the text of a cell; whole numbers have no decimal point, as which a data frame with gaps stores them."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _names(sample: Mapping[str, Any], position: int) -> list[_Name]:
    path = path_of(sample)
    full = parts_of(str(Path(path).absolute())) if path is not None else ()
    names = []
    named = parts_of(sample["id"]) if "id" in sample else ()
    if named:
        below = full[-len(named) :] == named
        names.append(_Name(position, named, full if below else named))
        if below:
            return names
    if full:
        names.append(_Name(position, full[-1:], full))
    return names


def _distance(cell: Parts, name: _Name, fold: Callable[[str], str]) -> tuple[int, int, int] | None:
    """Return how far the folders differ, all zeros for equal ones; None if neither path is the end of the other.

    First comes whether the cell has folders that the clip is not known to have, last how many agree.
    """
    folders = tuple(fold(p) for p in cell[:-1])
    relative = tuple(fold(p) for p in name.relative[:-1])
    full = tuple(fold(p) for p in name.full[:-1])
    if folders in (relative, full):
        return (0, 0, 0)
    if _is_end(folders, full) or _is_end(folders, relative):
        return (0, 1, -len(folders))
    return (1, 1, -len(relative)) if _is_end(relative, folders) else None


def _is_end(parts: Parts, of: Parts) -> bool:
    return len(parts) <= len(of) and of[len(of) - len(parts) :] == parts


def _exact(file_name: str) -> str:
    return file_name


def _bare(file_name: str) -> str:
    name, _, extension = file_name.rpartition(".")
    return name if name and f".{extension.lower()}" in MEDIA_EXTENSIONS else file_name


def _stem(file_name: str) -> str:
    while (shorter := _bare(file_name)) != file_name:
        file_name = shorter
    return file_name


def _video_id(file_name: str) -> str | None:
    found = _VIDEO_ID.fullmatch(_stem(file_name))
    return found[1] if found else None


def _video_id_of_segment(file_name: str) -> str | None:
    found = _SEGMENT.fullmatch(_stem(file_name))
    return found[1] if found else None


def _folded(file_name: str) -> str:
    return _stem(file_name).casefold()


def _number(file_name: str) -> str | None:
    text = _stem(file_name)
    return str(Decimal(text).normalize()) if _NUMBER.fullmatch(text) else None


_SPELLINGS: tuple[tuple[Callable[[str], str | None], Callable[[str], str | None]], ...] = (
    (_exact, _exact),
    (_exact, _bare),
    (_bare, _bare),
    (_stem, _stem),
    (_video_id, _video_id_of_segment),
    (_folded, _folded),
    (_number, _number),
)
"""Spelling of a cell and of a clip's name, which are compared; from strict to loose."""

_STEMS = 3
_FIRST_FOLDED = 4
