"""Rows of text with a delimiter: CSV, TSV and their relatives."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from avmeter.errors import ManifestError
from avmeter.manifest.places import Place
from avmeter.manifest.rows import Row, Table, present
from avmeter.media.extensions import MEDIA_EXTENSIONS

_DELIMITERS = ",;\t|"
_UNQUOTED_DELIMITERS = "\t|"  # whose files often have quotation marks that are part of a text
_DECLARATION = re.compile(r"sep=(.)\n", re.IGNORECASE)  # the first line that Excel writes and reads
csv.field_size_limit(2**31 - 1)  # texts of any length; the limit of the module is that of its process
_NUM_SNIFFED = 50  # rows that decide on the delimiter


def delimited_table(text: str, path: Place, *, has_header: bool = True) -> Table:
    """Read text with a delimiter. The first line names the columns, unless one of its cells is a media file.

    The delimiter is declared by a first line `sep=;`, or is the one of `, ; tab |` that cuts all rows into equally many
    cells, else the most frequent one of the first line.

    Args:
        text: Of the whole file.
        path: For messages.
        has_header: False if the first line is known to be a row; columns are then called `column 1`, `column 2` ...

    Raises:
        ManifestError: A row has another number of cells than the header, quotation marks do not match, or a column
            occurs twice.
    """
    text = text.lstrip("\ufeff")
    delimiter = _delimiter(text, path)
    if (declared := _DECLARATION.match(text)) is not None:
        delimiter, text = declared[1], "\n" + text[declared.end() :]
    records = _records(text, delimiter, path)
    first = next(records, None)
    if first is None:
        return Table(path=path, rows=())
    has_header = has_header and not any(Path(cell.strip()).suffix.lower() in MEDIA_EXTENSIONS for cell in first[1])
    if has_header:
        names = _column_names(*first, path)
    else:
        names = [f"column {i}" for i in range(1, len(first[1]) + 1)]
        records = chain([first], records)
    rows = (_row(names, cells, where, path) for where, cells in records)
    return Table(path=path, rows=tuple(row for row in rows if row.cells), has_header=has_header)


def _column_names(where: str, cells: list[str], path: Place) -> list[str]:
    names = [cell.strip("\ufeff \t\r\n") for cell in cells]
    for name in names:
        if name and names.count(name) > 1:
            raise ManifestError(f"{path}, {where}: column `{name}` occurs {names.count(name)} times")
    return names


def _delimiter(text: str, path: Place) -> str:
    first_line = text.lstrip().split("\n", 1)[0]
    if path.suffix.lower() == ".tsv" and "\t" in first_line:
        return "\t"
    even = [d for d in _DELIMITERS if _is_even(text, d)]
    return max(even or _DELIMITERS, key=first_line.count)


def _is_even(text: str, delimiter: str) -> bool:
    """True if this delimiter cuts the first rows into equally many cells, more than one."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        counts = {len(cells) for cells in islice(reader, _NUM_SNIFFED) if any(c.strip() for c in cells)}
    except csv.Error:
        return False
    return len(counts) == 1 and counts != {1}


def _is_quoted(text: str, delimiter: str) -> bool:
    """Return whether quotation marks enclose cells. Those of files with tabs or bars may belong to the text.

    They do if they do not match, or if they would join lines each of which is a row by itself.
    """
    if delimiter not in _UNQUOTED_DELIMITERS or '"' not in text:
        return True
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    lines = {line.count(delimiter) for line in text.splitlines() if line.strip()}
    return len(lines) > 1 or not any("\n" in cell for row in rows for cell in row)


def _records(text: str, delimiter: str, path: Place) -> Iterator[tuple[str, list[str]]]:
    """Yield where each row starts and its cells; rows without any cell are left out."""
    lines = io.StringIO(text, newline="")
    if _is_quoted(text, delimiter):
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
    else:
        reader = csv.reader(lines, delimiter=delimiter, strict=True, quoting=csv.QUOTE_NONE)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield f"line {start}", cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise ManifestError(f"{path}, line {start}: {error}", hint="check the quotation marks") from error


def _row(names: list[str], cells: list[str], where: str, path: Place) -> Row:
    while len(cells) > len(names) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != len(names):
        raise ManifestError(
            f"{path}, {where}: {len(cells)} cells, but the first line has {len(names)}",
            hint="put quotation marks around texts that contain the delimiter",
        )
    return Row(where=where, cells=present({n: c.strip() for n, c in zip(names, cells, strict=True) if n}))
