"""Rows of a table on disk, each with the place to name when something is wrong with it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avmeter.errors import ManifestError, SkipError
from avmeter.manifest.aliases import ALIASES, TEXT, spelling
from avmeter.manifest.places import Place
from avmeter.sample import DEFAULT_ACCESS, RemoteAccess
from avmeter.sources.parquet import rows_without_media

_ROW_LISTS = ("samples", "data", "rows", "items", "entries", "clips", "videos", "prompts", "annotations", "captions")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row and where it stands ("line 3", "entry 2", "row 7"). Absent cells are left out of `cells`."""

    where: str
    cells: Mapping[str, Any]

    def cell(self, column: str) -> Any:
        """Return the value under a column, or under a dotted path into nested objects; None if it is absent."""
        if column in self.cells:
            return self.cells[column]
        value: Any = self.cells
        for part in column.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return None if is_absent(value) else value


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of one file.

    Attributes:
        path: The file.
        rows: Rows that have any cell.
        has_header: Whether columns have names; without one they are called `column 1`, `column 2` ...
    """

    path: Place
    rows: tuple[Row, ...]
    has_header: bool = True

    @property
    def columns(self) -> list[str]:
        """Names of the columns in their order, values inside nested objects as dotted paths behind them."""
        names = self.top_columns
        objects = ((k, v) for row in self.rows for k, v in row.cells.items() if not isinstance(v, str))
        nested = dict.fromkeys(n for k, v in objects if isinstance(v, Mapping) for n in _dotted(k, v))
        return [*names, *(n for n in nested if n not in names)]

    @property
    def top_columns(self) -> list[str]:
        """Names of the columns themselves, in their order."""
        return list(dict.fromkeys(name for row in self.rows for name in row.cells))

    def values(self, column: str) -> list[Any]:
        """Return the present values of a column."""
        return [v for row in self.rows if (v := row.cell(column)) is not None]


def _dotted(name: str, value: Mapping[str, Any]) -> Iterator[str]:
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _dotted(f"{name}.{key}", inner)
        else:
            yield f"{name}.{key}"


def json_lines(text: str, path: Place) -> Iterator[Row]:
    """Yield the objects of a JSON Lines text.

    Raises:
        ManifestError: A line is not JSON, or neither an object, a text nor a list of cells.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _row(_parsed(line, f"{path}, line {number}"), f"line {number}", path)


def json_rows(text: str, path: Place) -> Iterator[Row]:
    """Yield the entries of a JSON list, or of an object from names to entries (their column is then `id`).

    Raises:
        ManifestError: Not JSON, a key occurs twice, or an entry is neither an object, a text nor a list of cells.
    """
    value = _parsed(text, str(path))
    if isinstance(value, Mapping):
        value = next((value[k] for k in _ROW_LISTS if _is_list_of_objects(value.get(k))), value)
    if isinstance(value, Mapping):
        if (columns := _columns_of(value)) is not None:
            yield from (_row(cells, f"row {number}", path) for number, cells in enumerate(columns))
            return
        for name, entry in value.items():
            row = _row(_only(entry), f"entry `{name}`", path)
            yield Row(where=row.where, cells={"id": name, **row.cells})
        return
    if not isinstance(value, list):
        raise ManifestError(f"{path}: a JSON {type(value).__name__}", hint="give a list of objects")
    for number, entry in enumerate(value):
        yield _row(entry, f"entry {number}", path)


def _columns_of(value: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the rows of an object of columns, as data frames write it: lists, or objects from row numbers to cells.

    None for anything else. Two columns or more of the same length count, one of which has the name of a key; other
    objects go from names of clips to entries.
    """
    columns = list(value.values())
    if columns and all(
        isinstance(c, Mapping) and all(map(str.isdecimal, c)) and [*c] == [*columns[0]] for c in columns
    ):
        columns = [list(c.values()) for c in columns]
    is_table = len(columns) > 1 and all(isinstance(c, list) and len(c) == len(columns[0]) > 1 for c in columns)
    if not is_table or not any(spelling(name) in ALIASES or spelling(name) == TEXT for name in value):
        return None
    return [dict(zip(value, cells, strict=True)) for cells in zip(*columns, strict=True)]


def parquet_rows(path: Place, access: RemoteAccess = DEFAULT_ACCESS) -> Iterator[Row]:
    """Yield the rows of a Parquet file; bytes of media stay in the file, and `StoredFile` stands for them.

    Raises:
        ManifestError: Not a Parquet file, or a URL that cannot be fetched.
    """
    import pyarrow

    try:
        for number, cells in enumerate(rows_without_media(path, access)):
            yield Row(where=f"row {number}", cells=present(cells))
    except pyarrow.ArrowInvalid as error:
        raise ManifestError(f"{path}: not a Parquet file ({error})") from error
    except SkipError as error:
        raise ManifestError(error.message, hint=error.hint) from error


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _unique(pairs, where))
    except json.JSONDecodeError as error:
        is_line = ", line " in where
        place = where if is_line else f"{where}, line {error.lineno}, column {error.colno}"
        detail = f"{error.msg}, column {error.colno}" if is_line else error.msg
        hint = "one JSON object per line" if is_line else ""
        raise ManifestError(f"{place}: not JSON ({detail})", hint=hint) from error
    except RecursionError as error:
        raise ManifestError(f"{where}: objects are nested too deeply") from error
    except ManifestError:
        raise
    except ValueError as error:  # of integers with thousands of digits
        raise ManifestError(f"{where}: a number with too many digits", hint="write it as a text") from error


def _unique(pairs: Sequence[tuple[str, Any]], where: str) -> dict[str, Any]:
    """Build an object whose keys do not repeat with other values: Python would take the last one in silence."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found and found[key] != value:
            raise ManifestError(
                f"{where}: the key `{key}` occurs twice, with {found[key]!r:.60} and {value!r:.60}", hint="keep one"
            )
        found[key] = value
    return found


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _only(entry: Any) -> Any:
    """Return the text of a list with one text, and anything else as it is."""
    return entry[0] if isinstance(entry, list) and len(entry) == 1 and isinstance(entry[0], str) else entry


def _row(value: Any, where: str, path: Place) -> Row:
    if isinstance(value, str):
        return Row(where=where, cells={"": value})
    if isinstance(value, Mapping):
        return Row(where=where, cells=present(value))
    raise ManifestError(
        f"{path}, {where}: a JSON {type(value).__name__}, not an object", hint='entries are like {"id": "a", ...}'
    )


def present(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells that hold something; names of columns lose marks of byte order and white space."""
    return {str(n).strip("\ufeff \t"): value for n, value in cells.items() if not is_absent(value)}


def is_absent(value: Any) -> bool:
    """True for None, NaN and text of nothing but white space."""
    if isinstance(value, str):
        return not value.strip("\ufeff").strip()
    return value is None or (isinstance(value, float) and math.isnan(value))
