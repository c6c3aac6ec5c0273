"""Every metric by the values of a column."""

from __future__ import annotations

import csv
import io

import pytest

from avmeter.caveats import Caveat, CaveatCode
from avmeter.errors import UnknownNameError
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.run.breakdown import break_down, breakdown_csv
from avmeter.run.grouping import GROUP_SCORES, NO_VALUE, group_score
from avmeter.sample import as_samples


def results() -> EvalResults:
    values = ["10", "2", None, "2", "=1+1"]
    samples = as_samples(
        [{"id": f"{i}", "audio": "a.wav", **({"take": v} if v else {})} for i, v in enumerate(values)]
        + [{"id": "r", "audio": "r.wav", "role": "reference", "take": "99"}]
    )
    rows = [{"m.a": MetricResult("m.a", float(i))} for i in range(5)]
    rows[3]["m.a"] = MetricResult("m.a", None)
    return EvalResults([*rows, {}], {"m.fad": MetricResult("m.fad", 2.0)}, samples=samples)


def test_groups_are_in_natural_order_and_have_their_own_means() -> None:
    """Samples without a value are a group, the last one; reference context is in none."""
    groups = break_down(results(), ["take"], None)["take"]
    assert list(groups) == ["2", "10", "=1+1", NO_VALUE]
    two = groups["2"]["metrics"]["m.a"]
    assert (two["mean"], two["n_scored"], two["n_given"]) == (1.0, 1, 2)
    assert two["note"] == "mean over 1 of 2; 1 skipped: skipped"


def test_table_has_a_row_per_value_and_metric() -> None:
    """A corpus score that cannot be had for a group says what it needs; values are no formulas."""
    table = list(csv.DictReader(io.StringIO(breakdown_csv(break_down(results(), ["take"], None)))))
    assert [(r["column"], r["value"], r["metric"]) for r in table[:2]] == [("take", "2", "m.a"), ("take", "2", "m.fad")]
    assert (table[0]["mean"], table[0]["n_scored"]) == ("1.0", "1")
    assert (table[1]["corpus"], table[1]["note"].split(":")[0]) == ("", "needs a run of its own")
    assert "'=1+1" in {r["value"] for r in table}


def test_unknown_column_is_refused() -> None:
    """With the columns there are."""
    with pytest.raises(UnknownNameError, match="takes"):
        break_down(results(), ["takes"], None)


def test_corpus_score_of_a_group_is_its_own() -> None:
    """Computed over the group alone, it stands there with what it says of itself, not with the run's."""
    run = results()
    few = Caveat.of(CaveatCode.FEWER_CLIPS_THAN_DIMENSIONS, num_embeddings=2, dim=768).to_record()
    own = group_score(MetricResult("m.fad", 5.0, {"caveats": [few], "interval": [4.0, 6.0]}))
    run.provenance = {GROUP_SCORES: {"take": {"2": {"m.fad": own}}}}
    groups = break_down(run, ["take"], None)["take"]
    two = groups["2"]["metrics"]["m.fad"]
    assert (two["corpus"]["score"], two["corpus"]["interval"]["low"]) == (5.0, 4.0)
    assert [c["code"] for c in two["caveats"]] == ["fewer_clips_than_dimensions"]
    assert groups["10"]["metrics"]["m.fad"]["corpus"]["score"] is None
