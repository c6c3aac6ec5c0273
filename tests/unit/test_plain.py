"""Values as strict JSON, and text on one line, whatever they are made from."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from avmeter import plain
from avmeter.plain import (
    DEEPEST,
    described,
    encodable,
    is_plain,
    sanitise,
    sentence,
    shown,
    text_of,
    to_json,
    to_jsonable,
)
from support.hostile import (
    RAISING,
    RaisingDict,
    RaisingError,
    RaisingList,
    RaisingNumber,
    RaisingText,
    SpokenError,
)


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


def nested(depth: int) -> list[Any]:
    """Lists within each other."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


class Endless:
    """An array of arrays without end."""

    def tolist(self) -> list[Endless]:
        return [Endless()]


def test_what_contains_itself_is_named_there() -> None:
    """And what stands beside it is written."""
    looped: dict[str, Any] = {"score": 0.5}
    looped["self"] = looped
    listed: list[Any] = [1]
    listed.append(listed)
    assert to_jsonable([looped, listed]) == [
        {"score": 0.5, "self": "(dict that contains itself)"},
        [1, "(list that contains itself)"],
    ]
    shared = [1]
    assert to_jsonable([shared, shared]) == [[1], [1]]


def test_what_is_nested_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where every level has several."""
    assert to_json(nested(100_000)).count("[") == DEEPEST
    assert f"nested deeper than {DEEPEST}" in to_json(Endless())
    monkeypatch.setattr(plain, "_MOST_VALUES", 1000)
    doubled: list[Any] = []
    for _ in range(40):
        doubled = [doubled, doubled]
    assert "more than 1000 values" in to_json(doubled)


@pytest.mark.parametrize(
    "value",
    [RAISING, RaisingDict(a=1), RaisingList([1]), np.array([RAISING, 1], dtype=object), torch.zeros(3, device="meta"),
     torch.zeros(3).to_sparse(), {RAISING: 1}, {RAISING}],
    ids=["object", "dict", "list", "array", "meta", "sparse", "key", "set"],
)  # fmt: skip
def test_what_raises_is_named_and_the_rest_is_written(value: Any) -> None:
    """Objects, containers, arrays and keys of other people's classes."""
    written = to_json([0.5, value, "text"])
    assert written.startswith("[0.5, ")
    assert written.endswith(', "text"]')


def test_plain_values_under_classes_that_raise_are_themselves() -> None:
    """A subclass of text or of a number holds one, whatever its methods do."""
    found = to_jsonable([RaisingText("ü"), RaisingNumber(0.5), {RaisingText("k"): np.longdouble(2)}])
    assert found == ["ü", 0.5, {"k": 2.0}]
    assert [type(v) for v in found[:2]] == [str, float]


def test_plain_is_what_json_holds() -> None:
    """However nested; not what contains itself, raises, or is an array."""
    looped: list[Any] = []
    looped.append(looped)
    assert is_plain({"a": [1, ("b", None), OrderedDict(c=True)]})
    for value in (looped, nested(100_000), RaisingDict(a=1), [RAISING], [np.zeros(2)], b"", RAISING):
        assert not is_plain(value)


@pytest.mark.parametrize("text", ["\ud800 \x1b[31m red\n\x00 \u2028", "x" * 10_000_000], ids=["controls", "long"])
def test_what_an_exception_says_is_one_short_line(text: str) -> None:
    """That any file can hold and no terminal obeys."""
    line = described(SpokenError(text))
    assert line.startswith("SpokenError: ")
    assert line.isprintable()
    assert len(line.encode()) < 3000


def test_exception_without_a_text_is_its_kind() -> None:
    """One that raises, one that gives no text, one that says nothing."""
    assert described(RaisingError()) == "RaisingError: (RaisingError without a text: RuntimeError)"
    assert described(SpokenError(5)) == "SpokenError: (SpokenError without a text: TypeError)"
    assert described(ValueError()) == "ValueError"


def test_long_sentence_keeps_both_ends() -> None:
    """With the number of characters between them."""
    found = sentence("a" * 5000 + "b" * 5000)
    assert found == f"{'a' * 1000} [... 8000 characters ...] {'b' * 1000}"


def test_text_and_form_of_what_raises_are_its_kind() -> None:
    """For messages."""
    assert text_of(RAISING) == "(Raising without a text: RuntimeError)"
    assert type(text_of(RaisingText("words"))) is str
    assert shown(RAISING) == "a Raising"
    assert shown(10**5000) == "a number of thousands of digits"
    assert shown(list(range(100))).endswith(", 2...")
    assert sanitise("a\tb\udcff") == "a⇥b\\udcff"
