"""Verdicts over constructed scores, whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode
from avmeter.result import Skip
from avmeter.stress.expectations import Expectation
from avmeter.stress.judge import Cell, Verdict, judge
from avmeter.stress.variants import Variant


def cell(*scores: float, **others: Any) -> Cell:
    named = {f"c{i}": s for i, s in enumerate(scores)}
    mean = float(np.mean(scores)) if scores else None
    return Cell(score=mean, scores=named, num_clips=max(len(scores), 1), **others)


def verdicts(expectation: Expectation, direction: str, **cells: Cell) -> list[Verdict]:
    """`noise_10=cell(...)` is the variant noise at 10 dB."""
    variants = []
    for slug in cells:
        name, _, dose = slug.rpartition("_x")
        variants.append(Variant(name=name, dose=float(dose)) if name else Variant(name=slug))
    found = {(v.label, "m"): c for v, c in zip(variants, cells.values(), strict=True)}
    return judge([expectation], variants, {"m": direction}, found)


def expect(variant: str, kind: Any, **others: Any) -> Expectation:
    return Expectation(metric="m", variant=variant, kind=kind, **others)


@pytest.mark.parametrize(
    ("direction", "after", "kept"),
    [("higher", 1.0, True), ("higher", 3.0, False), ("lower", 3.0, True), ("lower", 1.0, False), ("lower", 2.0, False)],
)
def test_worse_follows_the_direction_of_the_metric(direction: str, after: float, kept: bool) -> None:
    """Down is worse where higher is better, up where lower is; no change is not worse."""
    (found,) = verdicts(expect("silence", "worse"), direction, original=cell(2.0), silence=cell(after))
    assert found.passed is kept


def test_worse_by_less_than_the_tolerance_is_broken() -> None:
    """`tolerance` is the least change."""
    (found,) = verdicts(expect("silence", "worse", tolerance=0.5), "lower", original=cell(0.0), silence=cell(0.4))
    assert found.passed is False


def test_expectation_of_a_metric_holds_for_each_of_its_labels() -> None:
    """What is promised of `m` is promised of `m@a` and `m@b`, not of `mad`."""
    names = ["m@a", "m@b", "mad"]
    cells = {(v, m): cell(float(v == "silence")) for v in ("original", "silence") for m in names}
    variants = [Variant(name="original"), Variant(name="silence")]
    found = judge([expect("silence", "worse")], variants, dict.fromkeys(names, "lower"), cells)
    assert [(v.expectation.metric, v.passed) for v in found] == [("m@a", True), ("m@b", True)]


@pytest.mark.parametrize(("after", "kept"), [(0.05, True), (-0.05, True), (0.051, False)])
def test_invariant_allows_the_tolerance_on_both_sides(after: float, kept: bool) -> None:
    """Better is a change too."""
    (found,) = verdicts(expect("silence", "invariant", tolerance=0.05), "lower", original=cell(0), silence=cell(after))
    assert found.passed is kept


def test_metric_that_reads_nothing_of_the_damage_is_said_not_to() -> None:
    """That it does not change is no measurement then, and a promise that it changes is broken."""
    cells = {"original": cell(2.0), "mirrored": cell(2.0, carried=True)}
    (kept,) = verdicts(expect("mirrored", "invariant"), "lower", **cells)
    assert (kept.passed, kept.measured) == (True, "reads nothing that is changed (n = 1)")
    (broken,) = verdicts(expect("mirrored", "worse"), "lower", **cells)
    assert (broken.passed, broken.measured) == (False, "reads nothing that is changed (n = 1)")


def test_tolerance_relative_to_a_strong_damage() -> None:
    """A change of 9 is near when noise changes 100, and not when it changes 20."""
    expectation = expect("silence", "invariant", tolerance=0.1, relative_to="white_noise")
    for strong, kept in ((100.0, True), (20.0, False)):
        (found,) = verdicts(expectation, "lower", original=cell(0), white_noise=cell(strong), silence=cell(9.0))
        assert found.passed is kept
    (found,) = verdicts(expectation, "lower", original=cell(0), silence=cell(9.0))
    assert found.passed is None


def test_equals_holds_for_every_clip_and_not_for_the_mean() -> None:
    """0.5 and 1.5 are not 1."""
    (found,) = verdicts(expect("silence", "equals", value=1.0), "lower", silence=cell(0.5, 1.5))
    assert found.passed is False
    (found,) = verdicts(expect("silence", "equals", value=1.0), "lower", silence=cell(1.0, 1.0))
    assert found.passed is True


def test_at_least_looks_at_the_lowest_clip() -> None:
    """One clip below breaks it."""
    (found,) = verdicts(expect("silence", "at_least", value=0.9), "lower", silence=cell(3.0, 0.8))
    assert found.passed is False


def test_metric_without_a_better_side_is_judged_by_its_change() -> None:
    """`changes_by` has a sign of its own; "worse" cannot be said."""
    cells = {"original": cell(-20.0), "low_volume": cell(-40.1)}
    (found,) = verdicts(expect("low_volume", "changes_by", value=-20.0, tolerance=0.5), "none", **cells)
    assert found.passed is True
    (found,) = verdicts(expect("low_volume", "changes_by", value=20.0, tolerance=0.5), "none", **cells)
    assert found.passed is False
    (found,) = verdicts(expect("low_volume", "worse"), "none", **cells)
    assert found.passed is None


LADDER = {"noise_x20": 0.1, "noise_x10": 0.2, "noise_x0": 0.4, "noise_x-10": 0.9}


@pytest.mark.parametrize(("direction", "kept"), [("lower", True), ("higher", False)])
def test_monotone_follows_the_direction_of_the_metric(direction: str, kept: bool) -> None:
    """A rise with the dose is worse only where lower is better."""
    (found,) = verdicts(expect("noise", "monotone"), direction, **{k: cell(v) for k, v in LADDER.items()})
    assert found.passed is kept


def test_monotone_with_a_stated_trend() -> None:
    """A metric without a better side may rise or fall with the dose."""
    cells = {k: cell(v) for k, v in LADDER.items()}
    assert verdicts(expect("noise", "monotone", trend="rises"), "none", **cells)[0].passed is True
    assert verdicts(expect("noise", "monotone", trend="falls"), "none", **cells)[0].passed is False


def test_flat_reaction_is_broken_and_too_few_doses_are_untested() -> None:
    """No reaction is a broken promise; two points are none."""
    (found,) = verdicts(expect("noise", "monotone"), "lower", **{k: cell(0.5) for k in LADDER})
    assert found.passed is False
    (found,) = verdicts(expect("noise", "monotone"), "lower", noise_x20=cell(0.1), noise_x10=cell(0.2))
    assert found.passed is None


def test_step_at_the_strongest_dose_is_a_reaction() -> None:
    """Words that are understood until they drown: 0, 0, 0, 1 never goes back; 0, 1, 0, 0.5 does."""
    cells = {k: cell(v) for k, v in zip(LADDER, (0, 0, 0, 1), strict=True)}
    assert verdicts(expect("noise", "monotone"), "lower", **cells)[0].passed is True
    cells = {k: cell(v) for k, v in zip(LADDER, (0, 1, 0, 0.5), strict=True)}
    assert verdicts(expect("noise", "monotone"), "lower", **cells)[0].passed is False


def test_monotone_compares_the_same_clips_at_every_dose() -> None:
    """A clip that drops out where it would have been worst does not turn the curve."""
    cells = {
        "noise_x20": Cell(score=0.0, scores={"a": 0.1, "b": 9.0}, num_clips=2),
        "noise_x10": Cell(score=0.0, scores={"a": 0.2, "b": 9.0}, num_clips=2),
        "noise_x0": Cell(score=0.0, scores={"a": 0.3}, num_clips=2),
    }
    assert verdicts(expect("noise", "monotone"), "lower", **cells)[0].passed is True


def test_five_clips_are_also_judged_for_separation() -> None:
    """A mean that one clip makes is worse, but not beyond chance; the same change in each clip is."""
    before = cell(0, 0, 0, 0, 0, 0)
    lone = verdicts(expect("silence", "worse"), "lower", original=before, silence=cell(6, -0.1, 0.1, -0.2, 0.2, -0.1))
    assert [(v.expectation.kind, v.passed) for v in lone] == [("worse", True), ("separable", False)]
    each = verdicts(expect("silence", "worse"), "lower", original=before, silence=cell(1, 1.1, 0.9, 1, 1.2, 0.8))
    assert [v.passed for v in each] == [True, True]


def test_pairs_are_matched_by_clip() -> None:
    """Only clips scored before and after count."""
    before = Cell(score=5.0, scores={"a": 0.0, "b": 10.0}, num_clips=2)
    after = Cell(score=1.0, scores={"a": 1.0}, num_clips=2)
    (found,) = verdicts(expect("silence", "worse"), "lower", original=before, silence=after)
    assert found.passed is True


def test_what_cannot_be_tested_is_neither_kept_nor_broken() -> None:
    """Skips, dummy weights and an absent original say so."""
    skip = Skip(code=SkipCode.WEIGHTS_UNAVAILABLE, reason="no weights")
    (found,) = verdicts(expect("silence", "worse"), "lower", original=cell(1), silence=cell(skip=skip))
    assert (found.passed, found.measured) == (None, "skipped: weights_unavailable")
    (found,) = verdicts(expect("silence", "worse"), "lower", original=cell(1), silence=cell(2, dummy=True))
    assert (found.passed, found.measured) == (None, "dummy weights")
    (found,) = verdicts(expect("silence", "worse"), "lower", silence=cell(2))
    assert found.passed is None
    assert verdicts(expect("silence", "worse"), "lower", original=cell(2)) == []
