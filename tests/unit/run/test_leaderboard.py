"""Which systems cannot be told apart: letters follow pairwise verdicts, with their correction."""

from __future__ import annotations

import pytest

from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.run.leaderboard import _letters, corrected_confidence, significance_letters
from avmeter.sample import as_samples


def run_of(scores: list[float], corpus: dict[str, MetricResult] | None = None) -> EvalResults:
    rows = [{"m.a": MetricResult("m.a", s)} for s in scores]
    samples = as_samples([{"id": str(i)} for i in range(len(scores))])
    return EvalResults(rows, corpus, samples=samples, provenance={"metrics": {"m.a": {"direction": "higher"}}})


def test_confidence_grows_with_the_number_of_systems() -> None:
    """Two systems are one pair; five are ten."""
    assert corrected_confidence(2) == pytest.approx(0.95)
    assert corrected_confidence(5) == pytest.approx(0.995)


def test_systems_that_differ_have_letters_of_their_own() -> None:
    """The best has the first letter; equal ones share it; the worst stands alone."""
    wave = [i % 3 / 10 for i in range(20)]
    runs = {
        "worst": run_of([x - 5 - i % 2 / 10 for i, x in enumerate(wave)]),
        "best": run_of(wave),
        "equal": run_of([x + (-1) ** (i // 2) / 100 for i, x in enumerate(wave)]),
    }
    found = significance_letters(runs, {"m.a": ["best", "equal", "worst"]})
    assert found == {"m.a": {"best": "a", "equal": "a", "worst": "b"}}


def test_correction_takes_away_a_difference_that_one_pair_alone_would_have() -> None:
    """Six pairs of one sign are enough for two systems and too few for three."""
    runs = {"a": run_of([0.0] * 6), "b": run_of([1.0, 2, 3, 4, 5, 6])}
    assert significance_letters(runs, {"m.a": ["b", "a"]}) == {"m.a": {"b": "a", "a": "b"}}
    three = {**runs, "c": run_of([0.1] * 6)}
    assert significance_letters(three, {"m.a": ["b", "c", "a"]}) == {}


def test_metric_that_cannot_be_judged_has_no_letters() -> None:
    """A distance between sets of embeddings, and a metric that one system alone has."""
    corpus = {"m.fad": MetricResult("m.fad", 3.0)}
    runs = {"a": run_of([0.0] * 8, corpus), "b": run_of([1.0] * 8, corpus)}
    assert significance_letters(runs, {"m.fad": ["a", "b"], "m.a": ["b"]}) == {}


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        ([], {"x": "a", "y": "a", "z": "a"}),
        ([("x", "z")], {"x": "a", "y": "ab", "z": "b"}),
        ([("x", "y"), ("x", "z"), ("y", "z")], {"x": "a", "y": "b", "z": "c"}),
    ],
)
def test_two_systems_share_a_letter_exactly_if_they_are_not_apart(apart, expected) -> None:
    """Also where being alike is not transitive."""
    assert _letters(["x", "y", "z"], [frozenset(p) for p in apart]) == expected
