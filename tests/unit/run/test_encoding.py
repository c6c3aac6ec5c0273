"""Values as strict JSON."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from avmeter.run.encoding import encodable, to_json, to_jsonable


def test_plain_values() -> None:
    """Known types keep their meaning, unknown ones become text."""
    assert to_jsonable({1: np.int64(2), "t": True, "n": None, "s": {3, 1}}) == {
        "1": 2,
        "t": True,
        "n": None,
        "s": [1, 3],
    }
    assert to_json("\udcff") == '"\\\\udcff"'


def test_numbers_that_json_has_not_become_null() -> None:
    """NaN and infinities are absent values, wherever they stand; a finite number is itself."""
    assert to_json({"a": [float("nan"), np.float32("inf"), 0.5], "b": np.array([-np.inf, 2])}) == (
        '{"a": [null, null, 0.5], "b": [null, 2.0]}'
    )


def test_kinds_that_look_like_plain_ones_become_plain() -> None:
    """Numbers of NumPy and subclasses of text and of dict, in a dict or a list."""

    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            return f"<{self[:]}>"

    found = to_jsonable({Text("k"): [Text("v"), np.float64(0.5), True, OrderedDict(a=(1,))], "ü\udcff": [[1.5]]})
    assert found == {"<k>": ["<v>", 0.5, True, {"a": [1]}], "ü\\udcff": [[1.5]]}
    assert [type(v) for v in found["<k>"]] == [str, float, bool, dict]


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


def test_integer_of_thousands_of_digits_is_text() -> None:
    """Python prints no such number, and JSON is read by others who take none."""
    assert to_jsonable([10**4000, -(2**20_000)]) == [10**4000, hex(-(2**20_000))]
    assert to_json(10**5000).startswith('"0x')
