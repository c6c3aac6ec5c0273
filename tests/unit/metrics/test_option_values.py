"""Options of metrics are refused by name where their values are of another kind."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from avmeter.errors import AvmeterError, UsageError
from avmeter.metrics.option_values import check_kinds, require_at_least, require_between
from avmeter.metrics.resolve import get_metric
from avmeter.registry import METRICS
from support.commandline import avmeter

ODD: tuple[Any, ...] = ("x", "", -1, 0, 2.5, 1e300, float("nan"), float("inf"), True, [], {}, [1], {"a": 1}, 10**400)


class Options:
    """Annotated as metrics are."""

    def __init__(
        self, *, flag: bool = True, count: int = 1, share: float | None = None, where: str | Path = ""
    ) -> None:
        self.all = flag, count, share, where


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("flag", "no", "true or false"), ("flag", 1, "true or false"), ("count", True, "a whole number"),
        ("count", 1.0, "a whole number"), ("count", None, "a whole number"), ("share", "1", "a number"),
        ("share", float("nan"), "a number"), ("where", 5, "a text or a path"), ("where", None, "a text or a path"),
    ],
)  # fmt: skip
def test_value_of_another_kind_is_refused(option: str, value: object, expected: str) -> None:
    """With its name and what it should be."""
    with pytest.raises(UsageError, match=f"option {option}=.* of `m` is not {expected}"):
        check_kinds("m", Options, {option: value})


def test_value_of_its_kind_is_taken() -> None:
    """Null only where the constructor has it."""
    check_kinds("m", Options, {"flag": False, "count": 3, "share": 1, "where": Path()})
    check_kinds("m", Options, {"share": None, "other": object()})


@pytest.mark.parametrize("name", sorted(METRICS.builtin()))
def test_no_value_of_any_option_raises_anything_else(name: str) -> None:
    """Every option of every metric, with values that JSON can hold: taken, or refused in a sentence."""
    for option in inspect.signature(METRICS.get(name)).parameters:
        for value in ODD:
            try:
                get_metric(name, **{option: value})
            except AvmeterError:
                continue


@pytest.mark.parametrize(
    ("metric", "option"),
    [("kernel_distance", "subsets"), ("kernel_distance", "subset_size"), ("inception_score", "splits"),
     ("prdc", "neighbours")],
)  # fmt: skip
@pytest.mark.parametrize("value", ["x", -1, 0, 2.5, 1e9, True])
def test_counts_are_counts(metric: str, option: str, value: object) -> None:
    """Found before anything is computed."""
    with pytest.raises(UsageError, match=option):
        get_metric(f"audio.{metric}", **{option: value})


@pytest.mark.parametrize(
    ("metric", "option", "value"),
    [
        ("audio.mad", "seed", -1),
        ("optical_flow.gt_optical_flow", "min_mag", -0.5),
        ("optical_flow.gt_optical_flow", "max_mag_pct", 101.0),
        ("optical_flow.gt_optical_flow", "max_mag_pct", -1.0),
    ],
)
def test_numbers_that_no_computation_takes_are_refused(metric: str, option: str, value: float) -> None:
    """In place of a failure at every clip."""
    with pytest.raises(UsageError, match=f"{option}={value}: needs"):
        get_metric(metric, **{option: value})


def test_least_is_taken() -> None:
    """And what lies above."""
    require_at_least(1, splits=1, subsets=5)
    with pytest.raises(UsageError, match="splits=0: needs at least 1"):
        require_at_least(1, splits=0)
    require_between(0, 1, alpha=0, beta=1.0)
    with pytest.raises(UsageError, match=r"alpha=1.01: needs 0 to 1"):
        require_between(0, 1, alpha=1.01)


@pytest.mark.parametrize("setting", ["numbers=no", "engine=[]", "engine={}", "second_backend=[1]", "normalizer=null"])
def test_command_says_it_in_a_sentence(setting: str, tmp_path: Path) -> None:
    """A word that is no JSON is a text, and a text is no switch."""
    done = avmeter("score", tmp_path, "-m", "audio.wer", "--set", f"audio.wer.{setting}")
    assert done.code == 2
    assert "error: " in done.err
