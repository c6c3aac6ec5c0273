"""Values as strict JSON, and files that are complete or absent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from avmeter.run.encoding import encodable, spreadsheet_cell, to_json, to_jsonable, write_atomically


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """A file is replaced as a whole or not at all, and no temporary file stays."""
    path = tmp_path / "f.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \udcff")
    (tmp_path / "d").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "d", "x")
    assert path.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d", "f.json"]


def test_plain_values() -> None:
    """Known types keep their meaning, unknown ones become text."""
    assert to_jsonable({1: np.int64(2), "t": True, "n": None, "s": {3, 1}}) == {
        "1": 2,
        "t": True,
        "n": None,
        "s": [1, 3],
    }
    assert to_json("\udcff") == '"\\\\udcff"'
    assert spreadsheet_cell("a=b") == "a=b"


def test_numbers_that_json_has_not_become_null() -> None:
    """NaN and infinities are absent values, wherever they stand; a finite number is itself."""
    assert to_json({"a": [float("nan"), np.float32("inf"), 0.5], "b": np.array([-np.inf, 2])}) == (
        '{"a": [null, null, 0.5], "b": [null, 2.0]}'
    )


def test_text_that_utf8_cannot_hold_is_escaped() -> None:
    """File names of undecodable bytes become readable; all other text stays as it is."""
    assert encodable("caf\udce9") == "caf\\udce9"
    assert encodable("ünï 漢字") == "ünï 漢字"


def test_dataclasses_become_dicts_and_unknown_values_text() -> None:
    """By field, recursively; an object of no known kind is what it prints."""

    @dataclass
    class Inner:
        score: float

    class Odd:
        def __str__(self) -> str:
            return "odd"

    assert to_jsonable([Inner(float("nan")), Odd()]) == [{"score": None}, "odd"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\ta", "\ra"])
def test_formula_is_text_to_a_spreadsheet(text: str) -> None:
    """An apostrophe precedes what would be computed."""
    assert spreadsheet_cell(text) == f"'{text}"
