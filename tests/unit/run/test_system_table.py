"""Systems by metrics: which is best, and where that cannot be said."""

from __future__ import annotations

import pytest

from avmeter.errors import UsageError
from avmeter.presets import Preset, PresetMetric, PublishedRow
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.run.system_table import system_table
from support.systems import system_run

PRESET = Preset(
    name="p", title="t", source="s", protocol="fastvideo", clips="c",
    metrics=(PresetMetric(name="m.a", column="A", scale=100), PresetMetric(name="m.z", column="Z")),
    rows=(PublishedRow(system="Theirs", source="paper", values={"A": 7.0}),),
)  # fmt: skip


def test_best_system_of_a_column_is_marked_by_its_direction() -> None:
    """Ties are both best; a metric without a direction has no best."""
    table = system_table({"x": system_run([1.0, 2.0]), "y": system_run([2.0, 2.0]), "z": system_run([1.0, 2.0])})
    assert [cells[0].is_best for cells in table.rows.values()] == [True, False, True]
    up = {"x": system_run([1.0], direction="higher"), "y": system_run([2.0], direction="higher")}
    assert [cells[0].is_best for cells in system_table(up).rows.values()] == [False, True]
    neither = {"x": system_run([1.0], direction="none"), "y": system_run([2.0], direction="none")}
    assert not any(cells[0].is_best for cells in system_table(neither).rows.values())


def test_corpus_score_goes_before_the_mean_of_clips() -> None:
    """As word error rates are published."""
    results = system_run([0.5, 0.7])
    results.corpus["m.a"] = MetricResult("m.a", 0.55, {})
    assert system_table({"x": results}).rows["x"][0].value == 0.55


def test_scores_computed_in_different_ways_have_no_best() -> None:
    """A note says so, and the signatures show what differs."""
    table = system_table({"x": system_run([1.0], backbone="a"), "y": system_run([2.0], backbone="b")})
    assert not any(cells[0].is_best for cells in table.rows.values())
    assert "computed in different ways" in table.notes[0]
    assert len(table.signatures) == 2


def test_different_numbers_of_clips_are_pointed_out() -> None:
    """The column has them by system."""
    table = system_table({"x": system_run([1.0]), "y": system_run([2.0, 3.0])})
    assert "m.a: over different numbers of clips: x 1, y 2" in table.notes


def test_system_that_is_not_clearly_worse_than_the_best_is_marked_when_asked() -> None:
    """By pairs of clips; one that is worse on every clip is not."""
    best = [0.1 * i for i in range(20)]
    runs: dict[str, EvalResults] = {
        "best": system_run(best),
        "near": system_run([s + (0.3 if i % 2 else -0.29) for i, s in enumerate(best)]),
        "far": system_run([s + 1 for s in best]),
    }
    assert [cells[0].is_as_good for cells in system_table(runs, judged=True).rows.values()] == [False, True, False]
    assert not any(cells[0].is_as_good for cells in system_table(runs).rows.values())


def test_preset_decides_columns_titles_and_factors() -> None:
    """What no run has is named; published rows are never best."""
    table = system_table({"x": system_run([0.5]), "y": system_run([0.6])}, preset=PRESET, published=True)
    assert [c.title for c in table.columns] == ["A"]
    assert table.rows["x"][0].value == 50
    assert "without a score in any run: Z" in table.notes
    published = table.rows["Theirs (paper)"][0]
    assert (published.value, published.is_published, published.is_best) == (7.0, True, False)


def test_stand_in_scores_are_marked() -> None:
    """In the cell and in a note."""
    table = system_table({"x": system_run([1.0], dummy=True)})
    assert table.rows["x"][0].is_dummy
    assert "made with stand-in weights; these scores mean nothing" in table.notes


def test_runs_without_any_score_make_no_table() -> None:
    """Rather than an empty one."""
    with pytest.raises(UsageError, match="no score for a table in x"):
        system_table({"x": EvalResults([{}])})


def test_preset_without_a_score_names_its_columns_and_what_was_scored() -> None:
    """So that one sees whether the preset or the runs are the wrong ones."""
    with pytest.raises(UsageError, match=r"x: no score of preset p, whose columns are A \(m.a\), Z \(m.z\)") as error:
        system_table({"x": system_run([1.0], metric="m.b")}, preset=PRESET)
    assert error.value.hint == "without --preset a table has what was scored: m.b"
