"""Media in Parquet files: columns of bytes, or of objects with `bytes` and `path` as data set libraries write them.

Rows are listed without their media. A medium is read when it is decoded: a reader goes through one row group of one
column from its beginning and keeps what it passed, up to a bound. Clips are asked for nearly in order, so that each row
group is gone through about once. Its memory follows the pages of the file, which its writer has chosen.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url, open_regular
from avmeter.sample.access import RemoteAccess
from avmeter.sample.stored import Cell, StoredFile
from avmeter.sources.remote import open_remote, recent_key

_ROWS_AT_A_TIME = 4
_PLAIN_ROWS = 1024
_PASSED_BYTES = 128 << 20
_BUFFER_BYTES = 1 << 20


def open_parquet(place: Path | Url, access: RemoteAccess) -> Any:
    """Open a Parquet file, a `pyarrow.parquet.ParquetFile`.

    Raises:
        MediaError: A remote file cannot be had.
        OSError: A local file cannot be read.
        pyarrow.ArrowInvalid: It is no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    source: Any = str(place)
    if isinstance(place, Url):
        source = pa.PythonFile(open_remote(place, access).open(), mode="r")
    else:
        open_regular(place).close()  # a pipe would be waited for
    return pq.ParquetFile(source, pre_buffer=False, buffer_size=_BUFFER_BYTES)


def media_columns(schema: Any) -> dict[str, tuple[str, str | None]]:
    """Return the columns that hold files: name -> (path of the bytes in the file, path of their name or None)."""
    import pyarrow.types as pt

    found: dict[str, tuple[str, str | None]] = {}
    for column in schema:
        if pt.is_binary(column.type) or pt.is_large_binary(column.type):
            found[column.name] = (column.name, None)
        elif pt.is_struct(column.type):
            inner = {f.name: f.type for f in column.type}
            if "bytes" in inner and (pt.is_binary(inner["bytes"]) or pt.is_large_binary(inner["bytes"])):
                found[column.name] = (f"{column.name}.bytes", f"{column.name}.path" if "path" in inner else None)
    return found


def rows_without_media(place: Path | Url, access: RemoteAccess) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file, with a `StoredFile` in place of the bytes of each medium.

    Where a row has no bytes, its cell is the path that stands beside them, or absent.

    Raises:
        MediaError, OSError, pyarrow.ArrowInvalid: As `open_parquet`.
    """
    file = open_parquet(place, access)
    media = media_columns(file.schema_arrow)
    plain = [c.name for c in file.schema_arrow if c.name not in media]
    names = {column: path for column, (_, path) in media.items() if path is not None}
    number = 0
    for group in range(file.num_row_groups):
        there = {column: has_bytes(file, group, data) for column, (data, _) in media.items()}
        rows = _plain_rows(file, group, [*plain, *names.values()])
        for row, cells in enumerate(rows):
            for column, (data, _) in media.items():
                name = (cells.get(column) or {}).get("path") if column in names else None
                part = Cell(row_group=group, row=row, column=data)
                label = name or f"{place}#row{number}.{column}"
                cells[column] = StoredFile(place=place, part=part, label=label) if there[column][row] else name
            yield cells
            number += 1


def _plain_rows(file: Any, row_group: int, columns: list[str]) -> Iterator[dict[str, Any]]:
    if not columns:
        yield from ({} for _ in range(file.metadata.row_group(row_group).num_rows))
        return
    for batch in file.iter_batches(_PLAIN_ROWS, row_groups=[row_group], columns=columns):
        yield from batch.to_pylist()


def has_bytes(file: Any, row_group: int, column: str) -> list[bool]:
    """Return for each row of a row group whether a column of bytes holds any; from statistics where those say it."""
    facts = file.metadata.row_group(row_group)
    for i in range(facts.num_columns):
        chunk = facts.column(i)
        if chunk.path_in_schema == column and chunk.statistics is not None and chunk.statistics.has_null_count:
            if chunk.statistics.null_count == 0:
                return [True] * facts.num_rows
            if chunk.statistics.null_count == facts.num_rows:
                return [False] * facts.num_rows
    return [v is not None for v in _values(file, row_group, column)]


def read_cell(file: StoredFile, cell: Cell, access: RemoteAccess) -> bytes:
    """Return the bytes of a cell.

    Raises:
        MediaError: The file is gone or damaged, or the cell holds none.
    """
    import pyarrow as pa

    try:
        state = (recent_key(file.place, access),) if isinstance(file.place, Url) else _state(file.place)
        data = _reader(file.place, access, state).read(cell)
    except FileNotFoundError as error:
        raise MediaError(SkipCode.MISSING_FILE, f"{file.place}: no such file", hint="check the path") from error
    except (OSError, pa.ArrowException, IndexError) as error:
        raise MediaError(SkipCode.DECODE_ERROR, f"{file}: its table cannot be read ({error})") from error
    if data is None:
        raise MediaError(SkipCode.EMPTY_FILE, f"{file}: the cell holds no bytes")
    return data


class CellReader:
    """Reads cells of one file; those of a row group best in their order.

    Args:
        file: A `pyarrow.parquet.ParquetFile`.
        passed_bytes: How much of what was passed is kept for those who come later.
    """

    def __init__(self, file: Any, *, passed_bytes: int = _PASSED_BYTES) -> None:
        self._file = file
        self._most_bytes = passed_bytes
        self._lock = threading.Lock()
        self._place: tuple[int, str] | None = None
        self._ahead: Iterator[bytes | None] = iter(())
        self._next = 0
        self._passed: OrderedDict[int, bytes | None] = OrderedDict()
        self._num_bytes = 0

    def read(self, cell: Cell) -> bytes | None:
        """Return the bytes of a cell; None if there are none.

        Raises:
            IndexError: There is no such row.
        """
        with self._lock:
            if self._place != (cell.row_group, cell.column) or (cell.row < self._next and cell.row not in self._passed):
                self._restart(cell)
            while cell.row not in self._passed:
                self._step()
            return self._passed[cell.row]

    def _restart(self, cell: Cell) -> None:
        self._place = (cell.row_group, cell.column)
        self._ahead = _values(self._file, cell.row_group, cell.column)
        self._next, self._num_bytes = 0, 0
        self._passed.clear()

    def _step(self) -> None:
        try:
            value = next(self._ahead)
        except StopIteration as error:
            raise IndexError(f"no row {self._next} in the row group") from error
        self._passed[self._next] = value
        self._next += 1
        self._num_bytes += len(value or b"")
        while self._num_bytes > self._most_bytes and len(self._passed) > 1:
            self._num_bytes -= len(self._passed.popitem(last=False)[1] or b"")


@lru_cache(maxsize=4)
def _reader(place: Path | Url, access: RemoteAccess, state: tuple[int | str, ...]) -> CellReader:
    """Return the reader of a file in the state that it is in."""
    return CellReader(open_parquet(place, access))


def _state(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return (found.st_size, found.st_mtime_ns, found.st_ino)


def _values(file: Any, row_group: int, column: str) -> Iterator[bytes | None]:
    """Yield the bytes of a column of a row group, row by row."""
    for batch in file.iter_batches(_ROWS_AT_A_TIME, row_groups=[row_group], columns=[column]):
        values = batch.column(0)
        if "." in column and hasattr(values, "field"):
            values = values.field(0)
        yield from (v.as_py() for v in values)
