"""Rows of a table on disk, each with the place to name when something is wrong with it."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avmeter.errors import ManifestError

TABLE_EXTENSIONS = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"})
_DELIMITERS = ",;\t"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row and where it stands ("line 3", "entry 2", "row 7"). Absent cells are left out of `cells`."""

    where: str
    cells: Mapping[str, Any]


def read_rows(path: Path) -> list[Row]:
    """Rows of a CSV, TSV, JSONL, JSON or Parquet file.

    CSV: UTF-8 (or UTF-16 with its mark), comma, semicolon or tab, a header line. JSON: a list of objects or strings,
    or an object whose keys are names. A string stands for an object with the one key "" (its meaning is the
    caller's); an entry under a name gets the key "id". Empty cells, null and NaN are absent.

    Raises:
        ManifestError: The file cannot be read, or a line is malformed.
    """
    kind = path.suffix.lower()
    try:
        if kind == ".parquet":
            rows = list(_parquet(path))
        else:
            text = _decoded(path)
            read = {".json": _json, ".jsonl": _jsonl, ".ndjson": _jsonl}.get(kind, _csv)
            rows = list(read(text, path))
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror or error})", hint="check the path") from error
    return [row for row in rows if row.cells]


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ManifestError(
            f"{path}, line {line}: not {encoding.removesuffix('-sig').upper()} text", hint="save it as UTF-8"
        ) from error


def _csv(text: str, path: Path) -> Iterator[Row]:
    header_line = text.lstrip().split("\n", 1)[0]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(_DELIMITERS, key=header_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if header is None:
                    header = _header(cells, path)
                else:
                    yield _csv_row(header, cells, f"line {start}", path)
            start = reader.line_num + 1
    except csv.Error as error:
        raise ManifestError(f"{path}, line {start}: {error}", hint="check the quotation marks") from error


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip() for cell in cells]
    for name in names:
        if name and names.count(name) > 1:
            raise ManifestError(f"{path}, line 1: column `{name}` occurs {names.count(name)} times")
    return names


def _csv_row(header: list[str], cells: list[str], where: str, path: Path) -> Row:
    while len(cells) > len(header) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != len(header):
        raise ManifestError(
            f"{path}, {where}: {len(cells)} cells, but the header has {len(header)} columns",
            hint="put quotation marks around texts that contain the delimiter",
        )
    return Row(where=where, cells=_present({n: c.strip() for n, c in zip(header, cells, strict=True) if n}))


def _jsonl(text: str, path: Path) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise ManifestError(
                f"{path}, line {number}: not JSON ({error.msg}, column {error.colno})",
                hint="one JSON object per line",
            ) from error
        yield _json_row(value, f"line {number}", path)


def _json(text: str, path: Path) -> Iterator[Row]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ManifestError(f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg})") from error
    if isinstance(value, Mapping) and isinstance(value.get("samples"), list):
        value = value["samples"]
    if isinstance(value, Mapping):
        for name, entry in value.items():
            row = _json_row(entry, f"entry `{name}`", path)
            yield Row(where=row.where, cells={"id": name, **row.cells})
        return
    if not isinstance(value, list):
        raise ManifestError(f"{path}: a JSON {type(value).__name__}", hint="give a list of objects")
    for number, entry in enumerate(value):
        yield _json_row(entry, f"entry {number}", path)


def _json_row(value: Any, where: str, path: Path) -> Row:
    if isinstance(value, str):
        return Row(where=where, cells={"": value})
    if not isinstance(value, Mapping):
        raise ManifestError(f"{path}, {where}: a JSON {type(value).__name__}, not an object")
    return Row(where=where, cells=_present(value))


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowInvalid as error:
        raise ManifestError(f"{path}: not a Parquet file ({error})") from error
    number = 0
    for batch in table.to_batches():
        for cells in batch.to_pylist():
            yield Row(where=f"row {number}", cells=_present(cells))
            number += 1


def _present(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in cells.items() if not is_absent(value)}


def is_absent(value: Any) -> bool:
    """True for None, NaN and text of nothing but white space."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, float) and math.isnan(value))
