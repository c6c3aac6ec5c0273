"""Values of annotated types, written and read."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest

from avmeter.engine.states.values import UnwritableError, ValueReader, ValueWriter, check_type
from avmeter.errors import SkipCode


@dataclass(kw_only=True)
class Inner:
    """A value in a value."""

    pair: tuple[int, float]
    rest: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Everything:
    """One field of each kind."""

    numbers: list[float] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    by_name: dict[str, tuple[int, int]] = field(default_factory=dict)
    rows: list[npt.NDArray[np.float32]] = field(default_factory=list)
    texts: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    matrix: npt.NDArray[np.float64] = field(default_factory=lambda: np.eye(2))
    code: SkipCode | None = None
    model: str | None = None
    kind: Literal["a", "b"] = "a"
    inner: list[Inner] = field(default_factory=list)
    flag: bool = False


FULL = Everything(
    numbers=[0.1, 1e-300, -0.0, 1 / 3],
    names={"b", "a"},
    counts=Counter({"z": 2, "a": 1}),
    by_name={"en": (1, 2)},
    rows=[np.float32([[1, 2]]), np.float32([[3, 4], [5, 6]])],
    texts={"x": np.float32([1, 2]), "y": np.float32([3, 4])},
    matrix=np.array([[0.1, 2.0], [3.0, 1 / 3]]),
    code=SkipCode.SILENT,
    model="é",
    inner=[Inner(pair=(1, 0.5), rest=("a", "b"))],
    flag=True,
)


def read(written: Any, hint: Any, arrays: Any = ()) -> Any:
    return ValueReader(list(arrays)).read(json.loads(json.dumps(written)), hint)


@pytest.mark.parametrize("value", [FULL, Everything()])
def test_value_comes_back_to_the_bit(value: Everything) -> None:
    """Floats, order of tables, shapes of arrays; through the text of JSON."""
    check_type(Everything)
    writer = ValueWriter()
    found = read(writer.write(value, Everything), Everything, writer.arrays)
    for name, expected in vars(value).items():
        own = getattr(found, name)
        assert type(own) is type(expected)
        if name in ("rows", "texts"):
            items, expected_items = (list(v.values()) if name == "texts" else v for v in (own, expected))
            assert list(own) == list(expected) if name == "texts" else len(own) == len(expected)
            for a, b in zip(items, expected_items, strict=True):
                np.testing.assert_array_equal(a, b)
                assert a.dtype == b.dtype
        elif name == "matrix":
            np.testing.assert_array_equal(own, expected)
        else:
            assert own == expected
            assert repr(own) == repr(expected) or name == "names"


def test_arrays_that_do_not_join_are_written_one_by_one() -> None:
    """Another width, or another kind of number."""
    rows = [np.float32([[1, 2]]), np.float32([[1, 2, 3]]), np.float64([[1, 2]])]
    writer = ValueWriter()
    found = read(writer.write(rows, list[npt.NDArray[Any]]), list[npt.NDArray[Any]], writer.arrays)
    assert [(a.dtype, a.shape) for a in found] == [(a.dtype, a.shape) for a in rows]


@pytest.mark.parametrize("hint", [Any, object, list, dict, list[object], Counter, "text", type])
def test_type_without_a_written_form_is_refused(hint: Any) -> None:
    """By name, before a run that could not be written."""
    with pytest.raises(UnwritableError):
        check_type(hint)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("1", int),
        (True, int),
        (1.0, int),
        ("x", float),
        (None, str),
        ({"pair": [1, 2.0]}, Inner),
        ({"pair": [1, 2.0], "rest": [], "more": 1}, Inner),
        ({"pair": [1, 2.0, 3], "rest": []}, Inner),
        ([["a"], []], dict[str, int]),
        ([["a"]], dict[str, int]),
        ({"a": 1}, Counter[str]),
        ("no_such_code", SkipCode),
        ("c", Literal["a", "b"]),
        ({"array": 7}, npt.NDArray[np.float32]),
        ({"array": -1}, npt.NDArray[np.float32]),
        ({"array": 0, "sizes": [1]}, list[npt.NDArray[np.float32]]),
        ({"array": 0, "sizes": [-1, 4]}, list[npt.NDArray[np.float32]]),
        ({"array": 0}, list[npt.NDArray[np.float32]]),
        ("text", list[str]),
        ({"x": 1}, str | None),
    ],
)
def test_json_of_another_form_is_refused(written: Any, hint: Any) -> None:
    """Nobody's file becomes a value of a kind that the program does not expect."""
    with pytest.raises(ValueError, match=r".+"):
        read(written, hint, [np.zeros((3, 2), np.float32)])
