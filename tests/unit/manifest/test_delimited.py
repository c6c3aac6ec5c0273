"""Delimiters, headers and their absence are told from the text."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest.delimited import delimited_table


def cells(text: str, name: str = "t.csv", **options: bool) -> list[dict]:
    return [dict(row.cells) for row in delimited_table(text, Path(name), **options).rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_that_cuts_all_rows_alike_is_taken(delimiter: str) -> None:
    """Other delimiters inside the texts do not count, however many."""
    others = "".join(d for d in ",;|" if d != delimiter)
    rows = [["id", "caption"], ["a", f"x{others}y{others}z"], ["b", "w"]]
    assert cells("\n".join(delimiter.join(r) for r in rows)) == [
        {"id": "a", "caption": f"x{others}y{others}z"}, {"id": "b", "caption": "w"},
    ]  # fmt: skip


def test_first_line_with_a_file_name_is_a_row() -> None:
    """Columns are then numbered, and equal cells in it are no columns that occur twice."""
    table = delimited_table("a.wav,dog,dog\nb.wav,cat,rat\n", Path("t.csv"))
    assert not table.has_header
    assert [dict(r.cells) for r in table.rows] == [
        {"column 1": "a.wav", "column 2": "dog", "column 3": "dog"},
        {"column 1": "b.wav", "column 2": "cat", "column 3": "rat"},
    ]
    assert table.rows[0].where == "line 1"


def test_first_line_is_a_row_on_request() -> None:
    """For names without an extension, which only the clips tell."""
    assert cells("a,dog\nb,cat\n", has_header=False)[0] == {"column 1": "a", "column 2": "dog"}


def test_tsv_without_tabs_is_read_by_what_it_has() -> None:
    """The extension is believed only where a tab is there."""
    assert cells("id,caption\na,x\n", "t.tsv") == [{"id": "a", "caption": "x"}]
    assert cells("id\tcaption\na\tx, y\n", "t.tsv") == [{"id": "a", "caption": "x, y"}]


def test_marks_of_byte_order_in_the_header_are_dropped() -> None:
    """Two of them, as when a file was converted twice, do not make another column."""
    assert cells("\ufeff\ufeffid,caption\r\na,x\r\n") == [{"id": "a", "caption": "x"}]


def test_rows_of_another_length_are_named() -> None:
    """A text with the delimiter in it that lacks its quotation marks."""
    with pytest.raises(ManifestError, match="line 3: 3 cells, but the first line has 2"):
        cells("id,caption\na,x\nb,x,y\n")


def test_empty_text_has_no_rows() -> None:
    """Nor has white space."""
    assert cells("") == cells("\n \n") == []


def test_declared_delimiter_is_taken() -> None:
    """Excel's first line is no header, and lines are still counted from the top."""
    table = delimited_table("sep=;\nid;caption\na;x, y, z\n", Path("t.csv"))
    assert [(r.where, dict(r.cells)) for r in table.rows] == [("line 3", {"id": "a", "caption": "x, y, z"})]


@pytest.mark.parametrize("delimiter", ["\t", "|"])
def test_quotation_marks_of_texts_swallow_no_rows(delimiter: str) -> None:
    """Files with tabs or bars have texts in quotation marks that open in one row and close in another."""
    lines = [["id", "text"], ["a", '"Hello'], ["b", 'world"'], ["c", '"Hi," she said']]
    for rows in (lines, lines[:3]):
        text = "\n".join(delimiter.join(row) for row in rows)
        assert [list(row.values()) for row in cells(text)] == rows[1:]


def test_quoted_cells_of_a_tsv_lose_their_quotation_marks() -> None:
    """As they are written by programs, with line breaks inside too."""
    assert cells('id\ttext\na\t"say ""hi"""\n') == [{"id": "a", "text": 'say "hi"'}]
    assert cells('id\ttext\tn\na\t"one\ntwo"\t1\n') == [{"id": "a", "text": "one\ntwo", "n": "1"}]
