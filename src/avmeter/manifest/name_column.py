"""The column of a table that names clips, found by its values."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avmeter.errors import ManifestError
from avmeter.manifest.aliases import CLIP, MEASURES, spelling
from avmeter.manifest.columns import Columns
from avmeter.manifest.names import ClipNames, Found, text_of
from avmeter.manifest.order import series_numbers
from avmeter.manifest.rows import Table
from avmeter.sample import TEXT_FIELDS

NAMING_KEYS = ("id", CLIP, "audio", "video")
_REFERENCES = ("reference", "reference_audio")
_SHOWN = 3
_INDEXES = {"index", "idx", "no", "nr", "num", "number", "row", "line"}
_INTEGER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True, kw_only=True)
class NameColumn:
    """A column whose cells are names of clips.

    Attributes:
        column: Its name.
        found: Row -> what its cell names; rows whose cell names no clip are absent.
    """

    column: str
    found: Mapping[int, Found]

    @property
    def num_clips(self) -> int:
        """Number of clips that have a row."""
        return len({p for f in self.found.values() for p in f.positions})


def find_name_column(table: Table, columns: Columns, clips: ClipNames, *, explicit: str | None) -> NameColumn | None:
    """Return the column that names clips; None if the values of no column are names of clips.

    It is the column that names most clips, whatever its header, unless that is a measure (`start_time`: a clip may be
    called `30`). Columns that mean something else by their header count only where no other column names any,
    namely references called like their clips, and texts that are the names of all clips.

    Args:
        table: The rows.
        columns: What the headers mean.
        clips: The clips.
        explicit: Column that the user named; no other one is tried.

    Raises:
        ManifestError: Two columns name different clips in the same row and no header decides, or the explicit column
            names no clip.
    """
    if explicit is not None:
        named = _named(table, explicit, clips)
        if not named.found:
            raise ManifestError(_nothing_named(table, [explicit], clips), hint="`--column id=NAME` names the column")
        return named
    meant = [n for n in table.columns if n and columns.keys.get(n) in (None, *NAMING_KEYS)]
    names = [n for n in meant if spelling(n) not in MEASURES]
    candidates = [named for n in names if (named := _named(table, n, clips)).found]
    if not candidates:
        return _other_names(table, columns, clips)
    best = max(
        candidates, key=lambda c: (c.num_clips, columns.keys.get(c.column) in NAMING_KEYS)
    )  # the first of equals
    for rival in candidates:
        if rival is not best and 2 * rival.num_clips >= best.num_clips:
            _refuse_rival(table, columns, clips, best, rival)
    return best


def _other_names(table: Table, columns: Columns, clips: ClipNames) -> NameColumn | None:
    for column, key in columns.keys.items():
        named = _named(table, column, clips)
        if key in _REFERENCES and named.found:
            return named
        if key in TEXT_FIELDS and len(named.found) == len(table.rows) and named.num_clips == len(clips.labels):
            return named
    return None


def _named(table: Table, column: str, clips: ClipNames) -> NameColumn:
    found = {i: f for i, row in enumerate(table.rows) if (f := clips.find(row.cell(column))) is not None}
    return NameColumn(column=column, found=found)


def _refuse_rival(table: Table, columns: Columns, clips: ClipNames, best: NameColumn, rival: NameColumn) -> None:
    """Refuse two columns that cross, unless the header of one alone says that it names the clip."""
    crossed = [i for i, f in rival.found.items() if i in best.found and f.positions != best.found[i].positions]
    is_known = [columns.keys.get(c.column) in NAMING_KEYS for c in (best, rival)]
    if not crossed or (is_known == [True, False]):
        return
    row = table.rows[crossed[0]]
    ours, theirs = (clips.labels[c.found[crossed[0]].positions[0]] for c in (best, rival))
    raise ManifestError(
        f"{table.path}: columns `{best.column}` and `{rival.column}` both name clips, and disagree in {len(crossed)} "
        f"rows; {row.where}: {ours} by `{best.column}`, {theirs} by `{rival.column}`",
        hint=f"say which one: `--column id={best.column}` or `--column id={rival.column}`",
    )


def find_number_column(table: Table, columns: Columns, clips: ClipNames) -> NameColumn | None:
    """Return a column of numbers that are the numbers of a series of clips: `7` for `sample_7.wav`; None without one.

    Raises:
        ManifestError: The numbers fit some clips only, and the rows are as many as the clips: by number and by position
            they would go to different ones.
    """
    numbers = series_numbers(clips.labels)
    if numbers is None:
        return None
    positions = {number: i for i, number in enumerate(numbers)}
    for name in table.columns:
        key = columns.keys.get(name)
        if key == "id" or (key is None and spelling(name) in _INDEXES):
            cells = [text_of(row.cell(name)).strip() for row in table.rows]
            rows = {i: positions[int(c)] for i, c in enumerate(cells) if _INTEGER.fullmatch(c) and int(c) in positions}
            if len(set(rows.values())) == len(positions) or (rows and len(rows) == len(table.rows)):
                found = {i: Found(positions=(p,), looseness=(0,)) for i, p in rows.items()}
                return NameColumn(column=name, found=found)
            if rows and len(table.rows) == len(numbers):
                raise _two_orders(table, name, clips, rows)
    return None


def _two_orders(table: Table, column: str, clips: ClipNames, rows: Mapping[int, int]) -> ManifestError:
    row = next(i for i in range(len(table.rows)) if rows.get(i) != i)
    by_number = clips.labels[rows[row]] if row in rows else "no clip"
    return ManifestError(
        f"{table.path}: two orders are possible and disagree: by number, {column} {table.rows[row].cell(column)} is "
        f"{by_number}; by position, {table.rows[row].where} is {clips.labels[row]}",
        hint='name the files in a column `id`; or `--pairing order` (`pairing="order"`) for the position',
    )


def require_no_names(table: Table, columns: Columns, clips: ClipNames) -> None:
    """Make sure that rows may go by position: no column looks like one of names.

    Columns of running numbers (0, 1, 2 ... or from 1) agree with the position. Columns with repeated values, fractions
    or sentences name nothing.

    Raises:
        ManifestError: A column may name clips, but none of these; or it numbers the rows in another order.
    """
    naming = [c for c, key in columns.keys.items() if key in NAMING_KEYS]
    unused = [c for c in columns.unused if spelling(c) not in MEASURES]
    others = [c for c in unused if len(table.rows) > 1 and _may_name(table.values(c), len(table.rows))]
    suspects = [c for c in [*naming, *others] if c and not _is_running(table.values(c), len(table.rows))]
    if suspects:
        raise ManifestError(
            _nothing_named(table, suspects, clips),
            hint="if another column has the names: `--column id=NAME`; if the rows are in the order of the clips: "
            '`--pairing order` (`pairing="order"`)',
        )
    _refuse_measures_that_name(table, columns, clips)


def _refuse_measures_that_name(table: Table, columns: Columns, clips: ClipNames) -> None:
    """Refuse rows by position where a column such as `seed` is the names of all clips, in another order."""
    for column in (c for c in columns.unused if spelling(c) in MEASURES):
        named = _named(table, column, clips)
        order = [f.positions for _, f in sorted(named.found.items())]
        if len(order) == len(table.rows) == named.num_clips == len(clips.labels) and order != sorted(order):
            raise ManifestError(
                f"{table.path}: two orders are possible and disagree: column `{column}` has the names of all clips, in "
                "another order than that of the files",
                hint=f"`--column id={column}` if it names them, `--pairing order` if rows are in their order",
            )


def _may_name(values: Sequence[Any], num_rows: int) -> bool:
    texts = [str(v) for v in values if isinstance(v, str | int) and not isinstance(v, bool)]
    return (
        len(set(texts)) == len(texts) == num_rows
        and not any(len(t.split()) > 1 for t in texts)
        and not all(_is_fraction(t) for t in texts)
    )


def _is_fraction(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]*\.[0-9]+", text) is not None


def _is_running(values: Sequence[Any], num_rows: int) -> bool:
    """True for 0, 1, 2 ... and 1, 2, 3 ..."""
    texts = [str(v).strip() for v in values]
    if len(texts) != num_rows or not all(_INTEGER.fullmatch(t) for t in texts):
        return False
    numbers = [int(t) for t in texts]
    return numbers in (list(range(num_rows)), list(range(1, num_rows + 1)))


def _nothing_named(table: Table, columns: Iterable[str], clips: ClipNames) -> str:
    columns = list(columns)
    shown = "; ".join(f"column `{c}` has {_listed(map(str, table.values(c)))}" for c in columns)
    values = [v for c in columns for v in table.values(c)]
    several = next((found for v in values if len(found := clips.of_file_name(v)) > 1), ())
    shared = f" ({_listed(several)} have one file name: give their folders one by one)" if several else ""
    return f"{table.path}: the rows name no clip: {shown}; clips are {_listed(clips.labels)}{shared}"


def _listed(names: Iterable[str]) -> str:
    every = list(dict.fromkeys(names))
    return ", ".join(f"{n:.60}" for n in every[:_SHOWN]) + (" ..." if len(every) > _SHOWN else "")


def rows_of_clips(named: NameColumn) -> dict[int, list[int]]:
    """Return clip -> its rows, those that name it best; a looser spelling of a clip that has its row names nothing."""
    best: dict[int, tuple[int, ...]] = {}
    rows: dict[int, list[int]] = defaultdict(list)
    for row, found in named.found.items():
        for position in found.positions:
            if position not in best or found.looseness < best[position]:
                best[position] = found.looseness
                rows[position] = [row]
            elif found.looseness == best[position]:
                rows[position].append(row)
    return dict(rows)
