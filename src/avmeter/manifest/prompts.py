"""Texts that belong to clips, from a table that names the clips or lists the texts in their order."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avmeter.errors import ManifestError
from avmeter.manifest.columns import Columns, find_column, require_columns, resolve_columns
from avmeter.manifest.crossed import crossed_texts
from avmeter.manifest.name_column import (
    NAMING_KEYS,
    NameColumn,
    find_name_column,
    find_number_column,
    require_no_names,
    rows_of_clips,
)
from avmeter.manifest.names import ClipNames
from avmeter.manifest.order import require_deliberate_order, require_one_order
from avmeter.manifest.pairing import Pairing
from avmeter.manifest.read_table import decoded_text, read_table
from avmeter.manifest.report import PairingReport, PairingWarning, listed
from avmeter.manifest.rows import Row, Table, present
from avmeter.manifest.sample_list import SampleList
from avmeter.manifest.values import base_folder, extra_values, file_value, text_value
from avmeter.sample import TEXT_FIELDS

_TEXTS = ("text_prompt", "reference_text")
_REFERENCES = ("reference", "reference_audio")
_MAY_LACK_HEADER = (".csv", ".tsv")


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """A table of texts of clips, not yet assigned.

    Attributes:
        table: The rows.
        columns: What the user said of columns: key of a sample -> column.
    """

    table: Table
    columns: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.table.rows)


def read_prompts(path: str | os.PathLike[str], columns: Mapping[str, str] | None = None) -> Prompts:
    """Read prompts of a CSV, TSV, JSONL, JSON, Parquet or text file.

    A table has a column with the names of the clips, whatever it is called, and `text_prompt` (or `prompt`, `caption`
    ...), `reference_text` (or `transcript` ...), or both. JSON may also be an object from names to texts or to objects.
    A text file has one prompt per line, or on each line the name of a clip, a tab or vertical bar, and its text.

    Args:
        path: The table.
        columns: Key of a sample -> column, for columns whose names are not understood.

    Raises:
        ManifestError: The table cannot be read, or has no texts (for CSV, whose first line may be a row, that is found
            when the texts are assigned).
    """
    file = Path(path)
    table = _text_lines(file) if file.suffix.lower() == ".txt" else read_table(file)
    if table.has_header and file.suffix.lower() not in _MAY_LACK_HEADER:
        _require_texts(table, _columns(table, columns))
    return Prompts(table=table, columns=dict(columns or {}))


def _text_lines(path: Path) -> Table:
    try:
        text = decoded_text(path)
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror or error})", hint="check the path") from error
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    for delimiter in ("\t", "|"):
        if lines and all(line.count(delimiter) == 1 for line in lines if line.strip()):
            cells = [line.split(delimiter) for line in lines]
            rows = [Row(where=f"line {i}", cells=_numbered(c)) for i, c in enumerate(cells, start=1) if len(c) == 2]
            return Table(path=path, rows=tuple(rows), has_header=False)
    rows = [Row(where=f"line {i}", cells=present({"text_prompt": line})) for i, line in enumerate(lines, start=1)]
    return Table(path=path, rows=tuple(rows))


def _numbered(cells: Sequence[str]) -> dict[str, str]:
    return {f"column {i}": cell.strip() for i, cell in enumerate(cells, start=1)}


def _columns(table: Table, explicit: Mapping[str, str] | None) -> Columns:
    found = resolve_columns(table, explicit)
    keys = {**found.keys, "": "text_prompt"} if "" in table.columns else found.keys
    return Columns(keys=keys, unused=found.unused, notes=found.notes)


def _require_texts(table: Table, columns: Columns) -> None:
    if not {*TEXT_FIELDS, *_REFERENCES} & set(columns.keys.values()):
        found = ", ".join(f"`{c}`" for c in table.columns if c) or "none"
        raise ManifestError(
            f"{table.path}: no column of texts (columns: {found})",
            hint="call it `text_prompt` or `reference_text`, or say it: `--column text_prompt=NAME`",
        )


def attach_prompts(
    samples: Iterable[Mapping[str, Any]],
    prompts: str | os.PathLike[str] | Prompts,
    *,
    columns: Mapping[str, str] | None = None,
    pairing: Pairing = "auto",
    strict: bool = False,
) -> SampleList:
    """Samples with the texts of a table; what a sample says itself stays.

    A row belongs to the samples that it names, with or without folder and extension; the column of names is found by
    its values. Rows go by position where nothing in the table names anything.

    Args:
        samples: Dicts of samples.
        prompts: The table; see `read_prompts`.
        columns: Key of a sample -> column, for columns whose names are not understood.
        pairing: "order" for rows in the order of the clips, whatever they name.
        strict: Raise where a name fits nothing, or anything else is doubtful, instead of one warning.

    Raises:
        ManifestError: The rows name no clip; they go by position and their number differs; a clip has two texts; or
            `strict` and something is doubtful.
    """
    table = prompts if isinstance(prompts, Prompts) else read_prompts(prompts, columns)
    require_columns([table.table], table.columns)
    attached = SampleList((dict(s) for s in samples), pairing=getattr(samples, "pairing", None))
    report = attached.pairing
    report.num_generated = sum(s.get("role") != "reference" for s in attached)
    apply_prompts(attached, table, report, pairing=pairing)
    if report.problems:
        if strict:
            raise ManifestError(str(report), hint="name every clip once in the table of prompts")
        warnings.warn(PairingWarning(report), stacklevel=2)
    return attached


def apply_prompts(
    samples: Sequence[dict[str, Any]],
    prompts: Prompts,
    report: PairingReport,
    *,
    pairing: Pairing = "auto",
    names: Sequence[str] | None = None,
) -> None:
    """Add texts to these samples in place; what is doubtful goes into the report.

    Args:
        samples: The samples.
        prompts: The table.
        report: Extended in place.
        pairing: "order" for rows in the order of the clips, whatever they name.
        names: A further name of each sample; see `ClipNames`.
    """
    positions = [i for i, s in enumerate(samples) if s.get("role") != "reference"]
    scored = [samples[i] for i in positions]
    clips = ClipNames(scored, None if names is None else [names[i] for i in positions])
    table, columns = _with_texts(prompts, clips)
    named = None if pairing == "order" else _name_column(table, columns, clips, _explicit_name(table, prompts))
    if named is None:
        rows = _rows_in_order(table, columns, clips, report, pairing)
    else:
        rows = _rows_by_name(table, named, clips, report)
    reader = _CellReader(table, columns, named.column if named is not None else None)
    cells = {p: reader.merged(r_of, clips.labels[p]) for p, r_of in rows.items()}
    textless = [p for p in range(len(scored)) if not {*_TEXTS, *_REFERENCES} & cells.get(p, {}).keys()]
    report.without_prompt += [clips.labels[p] for p in textless]
    for position, values in cells.items():
        if any(scored[position].get(k, v) != v for k, v in values.items() if k in TEXT_FIELDS):
            report.overruled.append(clips.labels[position])
        for key, value in values.items():
            scored[position].setdefault(key, value)
    report.crossed += crossed_texts(clips.labels, [s.get("text_prompt") for s in scored]) if cells else []
    report.texts = {k: sum(k in v for v in cells.values()) for k in (*_TEXTS, *_REFERENCES)}
    report.texts_by = by_position(report) if named is None else f"by {_called(named.column, table)}"
    report.columns_not_used += reader.extras
    report.notes += columns.notes


def _with_texts(prompts: Prompts, clips: ClipNames) -> tuple[Table, Columns]:
    """The table with its header and columns decided, now that the clips are known."""
    table = _named_lines(prompts.table, clips)
    if table.has_header and table.path.suffix.lower() in _MAY_LACK_HEADER:
        known = _columns(table, prompts.columns).keys
        names_clips = {c for c in table.columns if clips.find(c) is not None}
        if names_clips and not known.keys() - names_clips:
            table = read_table(table.path, has_header=False)
    columns = _columns(table, prompts.columns)
    if not table.has_header and not set(TEXT_FIELDS) & set(columns.keys.values()):
        columns = _only_text(table, columns, clips, _explicit_name(table, prompts))
    _require_texts(table, columns)
    return table, columns


def _named_lines(table: Table, clips: ClipNames) -> Table:
    """Lines that begin with the name of a clip and a space, each with another one, as two columns (Kaldi's `text`)."""
    if table.path.suffix.lower() != ".txt" or not table.has_header:
        return table
    cells = [str(row.cells.get("text_prompt", "")).split(maxsplit=1) for row in table.rows]
    found = [clips.find(c[0]) for c in cells if len(c) == 2]
    if len(found) < max(1, len(cells)) or None in found or len({f.positions for f in found if f}) != len(found):
        return table
    rows = [Row(where=row.where, cells=_numbered(c)) for row, c in zip(table.rows, cells, strict=True)]
    return Table(path=table.path, rows=tuple(rows), has_header=False)


def _only_text(table: Table, columns: Columns, clips: ClipNames, explicit: str | None) -> Columns:
    """Without a header, the one column that does not name the clips is their text."""
    named = find_name_column(table, columns, clips, explicit=explicit)
    rest = [c for c in columns.unused if named is None or c != named.column]
    if named is None or len(rest) != 1:
        raise ManifestError(
            f"{table.path}: the first line names no columns, and {len(rest)} of them may be the text",
            hint="put a line of names above it, such as: id,text_prompt",
        )
    unused = tuple(c for c in columns.unused if c not in rest)
    return Columns(keys={**columns.keys, rest[0]: "text_prompt"}, unused=unused, notes=("no header line",))


def require_orders(names: Sequence[str], report: PairingReport, what: str) -> None:
    """Make sure that clips have one order, those of folders and those of a list.

    Raises:
        ManifestError: Two orders are possible.
    """
    for folder in report.folders:
        require_one_order(folder, what)
    if not report.folders:
        require_deliberate_order(names, what)


def by_position(report: PairingReport) -> str:
    """Return how texts without names were assigned."""
    return "by position, files in natural order" if report.folders else "by position"


def _called(column: str, table: Table) -> str:
    return f"column {column}" if table.has_header else column


def _explicit_name(table: Table, prompts: Prompts) -> str | None:
    """The column of names as the user said it, if this table has it."""
    return find_column(prompts.columns["id"], table.columns) if "id" in prompts.columns else None


def _name_column(table: Table, columns: Columns, clips: ClipNames, explicit: str | None) -> NameColumn | None:
    named = find_name_column(table, columns, clips, explicit=explicit)
    if named is None:
        named = find_number_column(table, columns, clips)
    if named is None:
        require_no_names(table, columns, clips)
    return named


def _rows_in_order(
    table: Table, columns: Columns, clips: ClipNames, report: PairingReport, pairing: Pairing
) -> dict[int, list[int]]:
    if len(table.rows) != len(clips.labels):
        raise ManifestError(
            f"{table.path}: {len(table.rows)} prompts for {len(clips.labels)} clips",
            hint="give one per clip in their order, or a column `id` that names the clips",
        )
    if pairing != "order":
        require_orders(clips.labels, report, f"{table.path}: {len(table.rows)} texts without names")
    return {i: [i] for i in range(len(table.rows))}


def _rows_by_name(table: Table, named: NameColumn, clips: ClipNames, report: PairingReport) -> dict[int, list[int]]:
    nameless = next((r.where for r in table.rows if r.cell(named.column) is None), None)
    if nameless is not None:
        raise ManifestError(f"{table.path}, {nameless}: no `{named.column}`", hint="name the clip of each text")
    rows = rows_of_clips(named)
    used = {r for of_clip in rows.values() for r in of_clip}
    far = [
        f"{table.rows[i].cell(named.column)} = {clips.labels[p]}"
        for p, of_clip in rows.items()
        for i in of_clip
        if named.found[i].is_far
    ]
    if far:
        report.notes.append(f"names that differ in case or in the spelling of a number: {listed(far)}")
    report.unknown_prompts += [str(r.cell(named.column)) for i, r in enumerate(table.rows) if i not in used]
    return rows


class _CellReader:
    """Reads the rows of a table as values of samples."""

    def __init__(self, table: Table, columns: Columns, name_column: str | None) -> None:
        self._table = table
        self._columns = columns
        self.extras = [c for c in columns.keys if columns.keys[c] in (*NAMING_KEYS, "role")] + list(columns.unused)
        self.extras = [c for c in self.extras if c != name_column]
        self._folders = {c: base_folder(table, c) for c, key in columns.keys.items() if key in _REFERENCES}

    def merged(self, rows: Sequence[int], clip: str) -> dict[str, Any]:
        """Return what the rows of one clip say together.

        Raises:
            ManifestError: Two rows have different texts or references.
        """
        merged: dict[str, Any] = {}
        for row in (self._table.rows[r] for r in rows):
            for key, value in self._values(row).items():
                if key in (*TEXT_FIELDS, *_REFERENCES) and merged.get(key, value) != value:
                    raise ManifestError(
                        f"{self._table.path}, {row.where}: `{clip}` was named before, in "
                        f"{self._table.rows[rows[0]].where}, with another {key}: {merged[key]!r:.60} and {value!r:.60}",
                        hint="one row per clip; if another column names the clips: `--column id=NAME`",
                    )
                merged.setdefault(key, value)
        return merged

    def _values(self, row: Row) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for column, key in self._columns.keys.items():
            value = row.cell(column)
            if value is None or key in (*NAMING_KEYS, "role"):
                continue
            where = f"{self._table.path}, {row.where}, column `{column}`"
            if key in TEXT_FIELDS:
                value = text_value(value, key, where)
            elif column in self._folders:
                value = file_value(value, self._folders[column], where)
            values[key] = value
        return {**extra_values(row, self.extras), **values}
