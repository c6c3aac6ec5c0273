"""Tables of every kind are found by their extension."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from avmeter.errors import ManifestError
from avmeter.manifest.read_table import decoded_text, read_table
from support.files import written


@pytest.mark.parametrize(
    ("name", "text"),
    [("t.csv", "id,n\na,1\n"), ("t.tsv", "id\tn\na\t1\n"), ("t.jsonl", '{"id": "a", "n": "1"}\n\n'),
     ("t.ndjson", '{"id": "a", "n": "1"}'), ("t.json", '[{"id": "a", "n": "1"}]'), ("t.list", "id|n\na|1\n")],
)  # fmt: skip
def test_kinds_agree(tmp_path: Path, name: str, text: str) -> None:
    """One row, whatever the file."""
    assert [dict(r.cells) for r in read_table(written(tmp_path / name, text)).rows] == [{"id": "a", "n": "1"}]


def test_parquet_rows_are_counted(tmp_path: Path) -> None:
    """Across batches; absent cells are left out."""
    pq.write_table(pa.Table.from_pylist([{"id": "a", "n": None}, {"id": "b", "n": 1}]), tmp_path / "t.parquet")
    rows = read_table(tmp_path / "t.parquet").rows
    assert [(r.where, dict(r.cells)) for r in rows] == [("row 0", {"id": "a"}), ("row 1", {"id": "b", "n": 1})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_of_marked_encodings_is_decoded(tmp_path: Path, encoding: str) -> None:
    """Line ends of Windows become plain ones."""
    assert decoded_text(written(tmp_path / "t.csv", "Tür\r\nx", encoding)) == "Tür\nx"


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    """With the line, since nothing is guessed."""
    with pytest.raises(ManifestError, match="line 2: not UTF-8 text"):
        decoded_text(written(tmp_path / "t.csv", "a\nTür", "latin-1"))


def test_absent_file_is_a_sentence(tmp_path: Path) -> None:
    """For every kind."""
    for name in ("t.csv", "t.json", "t.parquet"):
        with pytest.raises(ManifestError, match="cannot be read"):
            read_table(tmp_path / name)
