"""Media in cells of Parquet files."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url
from avmeter.sample import Cell, RemoteAccess, StoredFile
from avmeter.sources import remote
from avmeter.sources.parquet import CellReader, has_bytes, media_columns, open_parquet, read_cell
from support.packed import write_parquet
from support.web import web_server

ACCESS = RemoteAccess()
ROWS = [bytes([i]) * 100 for i in range(10)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Ten rows in row groups of four."""
    columns = {
        "audio": [{"bytes": data, "path": f"{i}.wav"} for i, data in enumerate(ROWS)],
        "video": [None if i == 5 else data for i, data in enumerate(ROWS)],
        "text": ["x"] * 10,
    }
    return write_parquet(tmp_path / "a.parquet", columns, row_group_size=4)


def test_columns_of_media_are_known_by_their_type(table: Path) -> None:
    """Bytes, and objects with bytes."""
    columns = media_columns(open_parquet(table, ACCESS).schema_arrow)
    assert columns == {"audio": ("audio.bytes", "audio.path"), "video": ("video", None)}


def test_cells_are_read_in_any_order(table: Path) -> None:
    """Going back costs a new start, and gives the same."""
    for row in (0, 9, 4, 3, 8, 0):
        for column in ("audio.bytes", "video"):
            cell = Cell(row_group=row // 4, row=row % 4, column=column)
            assert read_cell(StoredFile(place=table, part=cell), cell, ACCESS) == ROWS[row]


def test_reading_in_order_goes_through_a_row_group_once(table: Path) -> None:
    """With what was passed kept up to a bound."""
    reader = CellReader(open_parquet(table, ACCESS), passed_bytes=150)
    starts: list[int] = []
    restart = reader._restart
    reader._restart = lambda cell: (starts.append(cell.row), restart(cell))[1]  # type: ignore[method-assign]
    for row in range(4):
        assert reader.read(Cell(row_group=0, row=row, column="video")) == ROWS[row]
    assert starts == [0]
    assert reader.read(Cell(row_group=0, row=0, column="video")) == ROWS[0]
    assert starts == [0, 0]


def test_rows_without_bytes_are_known_and_named(table: Path) -> None:
    """They are no empty clips."""
    file = open_parquet(table, ACCESS)
    assert has_bytes(file, 1, "video") == [True, False, True, True]
    assert has_bytes(file, 0, "video") == [True] * 4
    cell = Cell(row_group=1, row=1, column="video")
    with pytest.raises(MediaError) as caught:
        read_cell(StoredFile(place=table, part=cell), cell, ACCESS)
    assert caught.value.code is SkipCode.EMPTY_FILE


def test_table_that_is_gone_or_damaged_is_a_named_skip(table: Path) -> None:
    """Of its clips, not of the run."""
    cell = Cell(row_group=0, row=0, column="video")
    table.write_bytes(table.read_bytes()[:-20])
    for code in (SkipCode.DECODE_ERROR, SkipCode.MISSING_FILE):
        with pytest.raises(MediaError) as caught:
            read_cell(StoredFile(place=table, part=cell), cell, ACCESS)
        assert caught.value.code is code
        table.unlink(missing_ok=True)


def test_table_by_url_that_was_replaced_is_read_anew(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers are shared by its cells, and not by its versions."""
    monkeypatch.setattr(remote, "_ASKED_AGAIN_S", 1e-9)
    access = RemoteAccess(allow_private_hosts=True)
    cell = Cell(row_group=0, row=0, column="audio")
    with web_server({"/a.parquet": table.read_bytes()}) as web:
        for data in (b"old", b"new"):
            web.files["/a.parquet"] = write_parquet(table, {"audio": [data]}).read_bytes()
            assert read_cell(StoredFile(place=Url(web.url("/a.parquet")), part=cell), cell, access) == data
