"""From features to rows: what is missing is said, and what fails costs its own result."""

import pytest

from avmeter.engine.executors.scoring import skip_chunk
from avmeter.errors import SkipCode
from avmeter.result import MetricResult, Skip
from avmeter.sample import as_samples
from support.engine import CompareMetric, MeanMetric, SumMetric, clip, run
from support.hostile import RAISING, RaisingError, SpokenError


def test_failing_metric_is_a_skip_of_its_own_result():
    """A metric that raises costs its own score, named, and no other."""

    class Broken(MeanMetric):
        name = "test.broken"

        def score(self, sample, features):
            raise ZeroDivisionError("oh")

    result = run([clip(0.5)], MeanMetric(), Broken())
    assert result.rows[0]["test.mean"].score == pytest.approx(0.5)
    assert result.rows[0]["test.broken"].skip.code == SkipCode.FAILED


@pytest.mark.parametrize(
    "error",
    [RaisingError(), SpokenError("\n" * 100_000), SystemExit(3), GeneratorExit()],
    ids=["dumb", "long", "exit", "generator"],
)
def test_metric_that_fails_in_any_way_is_a_skip_of_its_own(error):
    """By sample, in every step over the set, and before either."""

    def fail(*_):
        raise error

    class Failing(MeanMetric):
        name = "test.failing"
        score = fail

    steps = {
        step: type(step, (SumMetric,), {"name": f"test.{step}", step: fail}) for step in ("start", "update", "finish")
    }

    class Checking(MeanMetric):
        name = "test.checking"
        check = fail

    result = run([clip(0.5)], MeanMetric(), Failing(), Checking(), *(kind() for kind in steps.values()))
    assert result.rows[0]["test.mean"].score == pytest.approx(0.5)
    skips = [result.rows[0]["test.failing"].skip, result.rows[0]["test.checking"].skip]
    skips += [result.corpus[f"test.{step}"].skip for step in steps]
    for skip in skips:
        assert skip.code == SkipCode.FAILED
        assert len(skip.reason) < 3000
        assert "\n" not in skip.reason


def test_details_that_cannot_be_read_leave_the_score():
    """By sample and over the set."""

    class Detailed(MeanMetric):
        def score(self, sample, features):
            return MetricResult(self.name, 0.5, {"own": RAISING, "n": 1})

    class DetailedSum(SumMetric):
        def finish(self, state):
            return MetricResult(self.name, 0.5, {"own": RAISING, "n": 1})

    result = run([clip(0.5)], Detailed(), DetailedSum())
    for found in (result.rows[0]["test.mean"], result.corpus["test.sum"]):
        assert (found.score, found.details["n"]) == (0.5, 1)
        assert "Raising without a text" in found.details["own"]


@pytest.mark.parametrize("returned", [None, 0.5, "a", [1]])
def test_metric_that_returns_no_result_is_a_skip_of_its_own(returned):
    """A plug-in's slip costs its own score, by sample and over the set, and no other."""

    class Loose(MeanMetric):
        name = "test.loose"

        def score(self, sample, features):
            return returned

    class LooseSum(SumMetric):
        name = "test.loose_sum"

        def finish(self, state):
            return returned

    result = run([clip(0.5)], MeanMetric(), Loose(), LooseSum())
    assert result.rows[0]["test.mean"].score == pytest.approx(0.5)
    for skip in (result.rows[0]["test.loose"].skip, result.corpus["test.loose_sum"].skip):
        assert skip.code == SkipCode.FAILED
        assert f"returned a {type(returned).__name__}, not a MetricResult" in skip.reason


def test_needs_are_asked_for_once_in_a_chunk():
    """By the plan and by scoring, however many samples there are."""
    asked = []

    class Counted(MeanMetric):
        @property
        def needs(self):
            asked.append(1)
            return super().needs

    numbers = []
    for count in (2, 9):
        asked.clear()
        run([clip(0.1 * i) for i in range(1, count + 1)], Counted())
        numbers.append(len(asked))
    assert numbers[0] == numbers[1]


def test_side_that_is_missing_is_named():
    """Of a metric that compares two sides, the reason begins with the one that failed."""
    sample = {**clip(0.5), "reference_audio": "absent.wav"}
    (row,) = run([sample], CompareMetric()).rows
    assert row["test.mean"].skip.code == SkipCode.MISSING_FILE
    assert "absent.wav" in row["test.mean"].skip.reason


def test_chunk_that_could_not_be_computed_is_skipped_in_rows_and_corpora():
    """Reference samples have no row, and are counted as references."""
    skip = Skip(code=SkipCode.WORKER_DIED, reason="died")
    samples = as_samples([clip(0.5), {**clip(0.5), "role": "reference"}])
    metrics = {m.name: m for m in (MeanMetric(), SumMetric())}
    result = skip_chunk(samples, metrics, skip)
    assert [list(row) for row in result.rows] == [["test.mean"], []]
    assert result.rows[0]["test.mean"].skip == skip
    state = result.states["test.sum"]
    assert (state.left_out, state.left_out_references) == ({"worker_died": 1}, {"worker_died": 1})
