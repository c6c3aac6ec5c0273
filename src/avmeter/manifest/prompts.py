"""Texts of a table given to the clips that its rows name, or to clips in their order."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from avmeter.errors import ManifestError
from avmeter.manifest.columns import Columns, require_columns
from avmeter.manifest.crossed import crossed_texts
from avmeter.manifest.draft import PairingDraft
from avmeter.manifest.folders import holds_one_set_per_folder
from avmeter.manifest.name_column import (
    NAMING_KEYS,
    NameColumn,
    find_name_column,
    find_number_column,
    require_no_names,
    rows_of_clips,
)
from avmeter.manifest.names import ClipNames, name_of
from avmeter.manifest.order import require_deliberate_order, require_one_order
from avmeter.manifest.pairing import Pairing
from avmeter.manifest.prompt_table import REFERENCES, Prompts, decide_columns, explicit_name, read_prompts
from avmeter.manifest.report import PairingWarning, listed
from avmeter.manifest.rows import Row, Table
from avmeter.manifest.sample_list import SampleList
from avmeter.manifest.values import base_folder, extra_values, file_value, text_value
from avmeter.sample import TEXT_FIELDS

_SHARED = "sub-folders hold clips of the same names: a name without a folder stands for one in each"
_TEXTS = ("text_prompt", "reference_text")


def attach_prompts(
    samples: Iterable[Mapping[str, Any]],
    prompts: str | os.PathLike[str] | Prompts,
    *,
    columns: Mapping[str, str] | None = None,
    pairing: Pairing = "auto",
    strict: bool = False,
) -> SampleList:
    """Return samples with the texts of a table; a text of their own stays.

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
    attached = [dict(s) for s in samples]
    draft = PairingDraft.of(samples.pairing) if isinstance(samples, SampleList) else PairingDraft()
    draft.num_generated = sum(s.get("role") != "reference" for s in attached)
    apply_prompts(attached, table, draft, pairing=pairing)
    report = draft.finished()
    if report.problems:
        if strict:
            raise ManifestError(str(report), hint="name every clip once in the table of prompts")
        warnings.warn(PairingWarning(report), stacklevel=2)
    return SampleList(attached, pairing=report)


def apply_prompts(
    samples: Sequence[dict[str, Any]],
    prompts: Prompts,
    report: PairingDraft,
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
    own = [name_of(s, i) if names is None else names[i] for i, s in zip(positions, scored, strict=True)]
    is_shared = holds_one_set_per_folder(own)
    clips = ClipNames(scored, [PurePosixPath(n).name for n in own] if is_shared else own if names is not None else None)
    table, columns = decide_columns(prompts, clips)
    named = None if pairing == "order" else _name_column(table, columns, clips, explicit_name(table, prompts))
    if named is None:
        rows = _rows_in_order(table, columns, clips, report, pairing)
    else:
        rows = _rows_by_name(table, named, clips, report)
        report.notes += [_SHARED] if is_shared else []
    reader = _CellReader(table, columns, named.column if named is not None else None)
    cells = {p: reader.merged(r_of, clips.labels[p]) for p, r_of in rows.items()}
    textless = [p for p in range(len(scored)) if not {*_TEXTS, *REFERENCES} & cells.get(p, {}).keys()]
    report.without_prompt += [clips.labels[p] for p in textless]
    for position, values in cells.items():
        if any(scored[position].get(k, v) != v for k, v in values.items() if k in TEXT_FIELDS):
            report.overruled.append(clips.labels[position])
        for key, value in values.items():
            scored[position].setdefault(key, value)
    report.crossed += crossed_texts(clips.labels, [s.get("text_prompt") for s in scored]) if cells else []
    report.texts = {k: sum(k in v for v in cells.values()) for k in (*_TEXTS, *REFERENCES)}
    report.texts_by = by_position(report) if named is None else f"by {_called(named.column, table)}"
    report.columns_not_used += reader.extras
    report.notes += columns.notes


def require_orders(names: Sequence[str], report: PairingDraft, what: str) -> None:
    """Make sure that clips have one order, those of folders and those of a list.

    Raises:
        ManifestError: Two orders are possible.
    """
    for folder in report.folders:
        require_one_order(folder, what)
    if not report.folders:
        require_deliberate_order(names, what)


def by_position(report: PairingDraft) -> str:
    """Return how texts without names were assigned."""
    return "by position, files in natural order" if report.folders else "by position"


def _called(column: str, table: Table) -> str:
    return f"column {column}" if table.has_header else column


def _name_column(table: Table, columns: Columns, clips: ClipNames, explicit: str | None) -> NameColumn | None:
    named = find_name_column(table, columns, clips, explicit=explicit)
    if named is None:
        named = find_number_column(table, columns, clips)
    if named is None:
        require_no_names(table, columns, clips)
    return named


def _rows_in_order(
    table: Table, columns: Columns, clips: ClipNames, report: PairingDraft, pairing: Pairing
) -> dict[int, list[int]]:
    if len(table.rows) != len(clips.labels):
        raise ManifestError(
            f"{table.path}: {len(table.rows)} prompts for {len(clips.labels)} clips",
            hint="give one per clip in their order, or a column `id` that names the clips",
        )
    if pairing != "order":
        require_orders(clips.labels, report, f"{table.path}: {len(table.rows)} texts without names")
    return {i: [i] for i in range(len(table.rows))}


def _rows_by_name(table: Table, named: NameColumn, clips: ClipNames, report: PairingDraft) -> dict[int, list[int]]:
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
        report.notes.append(f"names that differ in case, in a number or in the form of an id: {listed(far)}")
    report.unknown_prompts += [str(r.cell(named.column)) for i, r in enumerate(table.rows) if i not in used]
    return rows


class _CellReader:
    """Reads the rows of a table as values of samples."""

    def __init__(self, table: Table, columns: Columns, name_column: str | None) -> None:
        self._table = table
        self._columns = columns
        self.extras = [c for c in columns.keys if columns.keys[c] in (*NAMING_KEYS, "role")] + list(columns.unused)
        self.extras = [c for c in self.extras if c != name_column]
        self._folders = {c: base_folder(table, c) for c, key in columns.keys.items() if key in REFERENCES}

    def merged(self, rows: Sequence[int], clip: str) -> dict[str, Any]:
        """Return what the rows of one clip say together.

        Raises:
            ManifestError: Two rows have different texts or references.
        """
        merged: dict[str, Any] = {}
        for row in (self._table.rows[r] for r in rows):
            for key, value in self._values(row).items():
                if key in (*TEXT_FIELDS, *REFERENCES) and merged.get(key, value) != value:
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
