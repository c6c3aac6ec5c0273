"""Conditions that end a run as a failure."""

from __future__ import annotations

import pytest

from avmeter.cli.conditions import Condition, code_after_conditions, failed_conditions, require_metrics
from avmeter.cli.exit_codes import EXIT_FAILED_CONDITION, EXIT_NOTHING, EXIT_SKIPPED
from avmeter.errors import UnknownNameError, UsageError
from avmeter.result import MetricResult
from avmeter.run import EvalResults


@pytest.mark.parametrize(
    ("text", "score", "holds"),
    [
        ("audio.wer > 0.05", 0.06, True),
        ("audio.wer>0.05", 0.05, False),
        ("audio.wer >= 5e-2", 0.05, True),
        ("wer < .5", 0.4, True),
        ("audio.loudness <= -20", -19.0, False),
    ],
)
def test_condition_is_compared_as_written(text: str, score: float, holds: bool) -> None:
    """With or without blanks, with signs and exponents, by a short name too."""
    condition = Condition.parse(text)
    assert condition.holds(score) is holds
    assert bool(failed_conditions([condition], {condition.metric: score})) is holds


@pytest.mark.parametrize(
    "text", ["", "audio.wer", "audio.wer > ", "> 3", "audio.wer == 3", "audio.wer > nan", "audio.wer > 1 > 2",
             "audio.wer > __import__('os')"],
)  # fmt: skip
def test_other_forms_are_refused(text: str) -> None:
    """Nothing is guessed and nothing is evaluated."""
    with pytest.raises(UsageError, match="is not of the form"):
        Condition.parse(text)


def test_difference_needs_a_sign() -> None:
    """`compare` takes +0.01, so that nobody takes it for a score."""
    assert Condition.parse("audio.wer > +0.01", of_difference=True).number == 0.01
    with pytest.raises(UsageError, match="sign"):
        Condition.parse("audio.wer > 0.01", of_difference=True)


def test_want_of_a_score_is_a_failure() -> None:
    """A check that saw nothing has not passed."""
    condition = Condition.parse("audio.wer > 0.05")
    assert "has no score" in failed_conditions([condition], {"audio.wer": None})[0]
    assert "is not in the results" in failed_conditions([condition], {})[0]


def test_condition_of_a_metric_that_is_not_computed_is_refused() -> None:
    """Misspelt, under another label, or not chosen; short names and names of own metrics are understood."""
    chosen = ["audio.frechet_distance@vggish", "own.metric"]
    require_metrics([Condition.parse("fad > 1"), Condition.parse("own.metric > 1")], chosen)
    with pytest.raises(UnknownNameError, match=r"unknown metric in --fail-if 'audio.frechet > 1'"):
        require_metrics([Condition.parse("audio.frechet > 1")], chosen)
    for text in ("audio.wer > 1", "fd > 1"):
        with pytest.raises(UsageError, match=r"not among the metrics.*\n.*it has: audio.frechet_distance@vggish, own"):
            require_metrics([Condition.parse(text)], chosen)


@pytest.mark.parametrize(
    ("number", "code", "ends_with"),
    [
        (2, 0, 0),
        (0, 0, EXIT_FAILED_CONDITION),
        (0, EXIT_SKIPPED, EXIT_FAILED_CONDITION),
        (0, EXIT_NOTHING, EXIT_NOTHING),
    ],
)
def test_condition_that_holds_ends_a_run(
    number: int, code: int, ends_with: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is printed; where nothing was scored that stays the code."""
    results = EvalResults([{"audio.wer": MetricResult("audio.wer", 1.0)}])
    assert code_after_conditions(code, [Condition.parse(f"audio.wer > {number}")], results) == ends_with
    assert ("holds: audio.wer is 1" in capsys.readouterr().err) is (number == 0)


def test_run_without_conditions_is_not_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which takes long for a large one."""
    monkeypatch.delattr(EvalResults, "summary")
    assert code_after_conditions(EXIT_SKIPPED, [], EvalResults([])) == EXIT_SKIPPED
