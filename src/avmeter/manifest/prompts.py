"""Texts that belong to clips, from a table that names the clips or lists the texts in their order."""

from __future__ import annotations

import os
import unicodedata
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avmeter.errors import ManifestError
from avmeter.manifest.columns import CLIP, meanings
from avmeter.manifest.pairing import PairingReport, PairingWarning
from avmeter.manifest.rows import read_rows
from avmeter.media.extensions import without_extension
from avmeter.sample import MEDIA_FIELDS, TEXT_FIELDS

_NAMING = ("id", CLIP, "audio", "video")


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """Texts of clips.

    Attributes:
        source: The table.
        names: Clip names, one per row; None when the rows go by position.
        rows: Texts (`text_prompt`, `reference_text`, `language`) and other columns, one dict per row.
    """

    source: Path
    names: tuple[str, ...] | None
    rows: tuple[Mapping[str, Any], ...]

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if self.names is None or name not in self.names:
            raise KeyError(name)
        return self.rows[self.names.index(name)]

    def __len__(self) -> int:
        return len(self.rows)


def read_prompts(path: str | os.PathLike[str]) -> Prompts:
    """Prompts of a CSV, TSV, JSONL, JSON, Parquet or text file.

    A table has a column `id` (or `file`, `path`, `name` ...; an id, or a relative path with or without extension)
    and `text_prompt` (or `prompt`, `caption` ...), `reference_text` (or `transcript` ...), or both. JSON may also be
    an object from names to texts or to objects. Without names, and in a text file (one prompt per line), rows go by
    position.

    Raises:
        ManifestError: The table cannot be read, has no texts, or names a clip twice.
    """
    table = Path(path)
    if table.suffix.lower() == ".txt":
        rows: list[dict[str, Any]] = [{"text_prompt": line} for line in _lines(table)]
        return Prompts(source=table, names=None, rows=tuple(rows))
    names: list[str] = []
    rows = []
    places: dict[str, str] = {}
    read = read_rows(table)
    keys = meanings(dict.fromkeys(c for r in read for c in r.cells), str(table))
    keys[""] = "text_prompt"
    if not {keys[c] for r in read for c in r.cells} & set(TEXT_FIELDS):
        found = ", ".join(f"`{c}`" for c in keys if c) or "none"
        raise ManifestError(f"{table}: no column of texts (columns: {found})", hint="columns: id, text_prompt")
    naming = next((k for k in _NAMING if k in keys.values()), None)
    for row in read:
        cells = {keys[c]: v for c, v in row.cells.items()}
        name = None if naming is None else cells.get(naming)
        if naming is not None:
            if name is None:
                raise ManifestError(f"{table}, {row.where}: no `{naming}`", hint="name the clip of each text")
            if str(name) in places:
                raise ManifestError(
                    f"{table}, {row.where}: `{name}` was named before, in {places[str(name)]}",
                    hint="one row per clip",
                )
            places[str(name)] = row.where
            names.append(str(name))
        rows.append({k: v for k, v in cells.items() if k not in (*_NAMING, *MEDIA_FIELDS)})
    return Prompts(source=table, names=tuple(names) if naming is not None else None, rows=tuple(rows))


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: cannot be read ({error})", hint="one prompt per line, UTF-8") from error
    return text.rstrip("\n").split("\n") if text.strip() else []


def attach_prompts(
    samples: Iterable[Mapping[str, Any]], prompts: str | os.PathLike[str] | Prompts, *, strict: bool = False
) -> list[dict[str, Any]]:
    """Samples with the texts of a table; what a sample says itself stays.

    A row belongs to the samples whose id, or path relative to their folder, it gives, with or without extension. A
    bare file name also fits a clip in a sub-folder, if it is the only one of that name.

    Raises:
        ManifestError: Rows go by position and their number differs, or `strict` and a name fits nothing.
    """
    attached = [dict(sample) for sample in samples]
    report = PairingReport(num_generated=sum(s.get("role") != "reference" for s in attached))
    apply_prompts(attached, prompts if isinstance(prompts, Prompts) else read_prompts(prompts), report)
    if report.problems:
        if strict:
            raise ManifestError(str(report), hint="name every clip once in the table of prompts")
        warnings.warn(PairingWarning(report), stacklevel=2)
    return attached


def apply_prompts(samples: Sequence[dict[str, Any]], prompts: Prompts, report: PairingReport) -> None:
    """Add texts to these samples in place; names that fit nothing go into the report."""
    scored = [s for s in samples if s.get("role") != "reference"]
    if prompts.names is None:
        if len(prompts.rows) != len(scored):
            raise ManifestError(
                f"{prompts.source}: {len(prompts.rows)} prompts for {len(scored)} clips",
                hint="give one per clip in their order, or a column `id` that names the clips",
            )
        for sample, row in zip(scored, prompts.rows, strict=True):
            _fill(sample, row)
        return
    index = _Index(scored)
    served: set[int] = set()
    for name, row in zip(prompts.names, prompts.rows, strict=True):
        found = index.find(name, prompts.source.parent)
        if not found:
            report.unknown_prompts.append(name)
        for position in found:
            _fill(scored[position], row)
        served.update(found)
    report.without_prompt = [_name_of(s, i) for i, s in enumerate(scored) if i not in served]


def _fill(sample: dict[str, Any], row: Mapping[str, Any]) -> None:
    for key, value in row.items():
        sample.setdefault(key, value)


def _name_of(sample: Mapping[str, Any], position: int) -> str:
    return str(sample.get("id", _path_of(sample) or position))


def _path_of(sample: Mapping[str, Any]) -> str | None:
    for key in ("audio", "video", "video_path"):
        value = getattr(sample.get(key), "source", sample.get(key))
        if isinstance(value, str | os.PathLike):
            return str(value)
    return None


class _Index:
    """Positions of samples by everything that may name them, exact names before loose ones."""

    def __init__(self, samples: Sequence[Mapping[str, Any]]) -> None:
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._bare: dict[str, list[int]] = defaultdict(list)
        self._base: dict[str, list[int]] = defaultdict(list)
        for position, sample in enumerate(samples):
            path = _path_of(sample)
            names = {unicodedata.normalize("NFC", _name_of(sample, position))}
            if path is not None:
                names |= {Path(path).as_posix(), Path(path).absolute().as_posix()}
                self._base[unicodedata.normalize("NFC", Path(path).name)].append(position)
                if without_extension(Path(path).name) != Path(path).name:
                    self._base[without_extension(Path(path).name)].append(position)
            for name in names:
                self._exact[name].append(position)
            for name in {without_extension(n) for n in names}:
                self._bare[name].append(position)

    def find(self, name: str, folder: Path) -> list[int]:
        """Positions of the samples called `name`; none if a bare file name fits several."""
        plain = unicodedata.normalize("NFC", name)
        absolute = (folder / name).absolute().as_posix()
        for table, wanted in (
            (self._exact, plain),
            (self._exact, absolute),
            (self._bare, without_extension(name)),
            (self._bare, without_extension(absolute)),
        ):
            if wanted in table:
                return table[wanted]
        found = self._base.get(plain, []) if "/" not in plain else []
        return found if len(found) == 1 else []
