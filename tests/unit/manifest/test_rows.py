"""Rows of JSON and Parquet, and what is said about bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest.rows import Row, Table, is_absent, json_lines, json_rows, present

PATH = Path("t.json")


def test_nested_objects_are_dotted_columns() -> None:
    """Values inside objects have columns behind those of the table, and are reached by their path."""
    table = Table(path=PATH, rows=(Row(where="line 1", cells={"id": 1, "a": {"b": {"c": 2}, "d": None}, "x.y": 3}),))
    assert table.columns == ["id", "a", "x.y", "a.b.c", "a.d"]
    assert [table.rows[0].cell(c) for c in ("a.b.c", "a.d", "x.y", "a.z", "id.k")] == [2, None, 3, None, None]
    assert table.values("a.b.c") == [2]


def test_object_of_names_gives_ids() -> None:
    """A text, a list of one text and an object are entries."""
    rows = list(json_rows('{"a": "x", "b": ["y"], "c": {"prompt": "z"}}', PATH))
    assert [r.cells for r in rows] == [{"id": "a", "": "x"}, {"id": "b", "": "y"}, {"id": "c", "prompt": "z"}]


@pytest.mark.parametrize("key", ["samples", "data", "annotations"])
def test_list_below_a_known_key_is_the_table(key: str) -> None:
    """What else is in the file does not matter."""
    rows = list(json_rows(f'{{"info": {{"year": 1}}, "{key}": [{{"id": "a"}}]}}', PATH))
    assert [r.cells for r in rows] == [{"id": "a"}]


def test_key_that_occurs_twice_is_refused() -> None:
    """The parser of Python would take the last one in silence; equal values do no harm."""
    with pytest.raises(ManifestError, match="the key `a` occurs twice, with 'x' and 'y'"):
        list(json_rows('{"a": "x", "a": "y"}', PATH))
    with pytest.raises(ManifestError, match=r"line 2: the key `id` occurs twice"):
        list(json_lines('{"id": 1}\n{"id": 1, "id": 2}', PATH))
    assert len(list(json_rows('{"a": "x", "a": "x"}', PATH))) == 1


def test_deep_nesting_is_refused() -> None:
    """A hostile file is a sentence, not a crash."""
    with pytest.raises(ManifestError, match="nested too deeply"):
        list(json_rows('{"a":' * 100_000, PATH))


def test_absent_cells_and_marks_in_headers_are_dropped() -> None:
    """White space and a mark of byte order alone are nothing."""
    assert present({"\ufeffid": "1", " b ": "x", "c": " ", "d": "\ufeff", "e": None, "f": float("nan")}) == {
        "id": "1", "b": "x",
    }  # fmt: skip
    assert not is_absent(0)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": ["b", "a"], "caption": ["B", "A"]}',
        '{"name": {"0": "b", "1": "a"}, "caption": {"0": "B", "1": "A"}}',
        '{"name": {"7": "b", "3": "a"}, "caption": {"7": "B", "3": "A"}}',
    ],
)
def test_object_of_columns_is_a_table(text: str) -> None:
    """As data frames and data sets are written."""
    rows = list(json_rows(text, PATH))
    assert [dict(row.cells) for row in rows] == [{"name": "b", "caption": "B"}, {"name": "a", "caption": "A"}]


def test_object_of_clips_is_not_taken_for_columns() -> None:
    """Names of clips are no names of columns."""
    assert [row.cells["id"] for row in json_rows('{"a": {"0": "x"}, "b": {"0": "y"}}', PATH)] == ["a", "b"]
