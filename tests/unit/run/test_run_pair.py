"""Samples of two runs are put side by side by id; clusters come from whichever run knows them."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.run.run_pair import RunPair, scored_ids
from avmeter.sample import as_samples


def run_of(names: list[str], **column: str) -> EvalResults:
    samples = as_samples([{"id": n, "audio": n, **column} for n in names])
    return EvalResults([{"m.a": MetricResult("m.a", 1.0)} for _ in names], samples=samples)


def pair(a: EvalResults, b: EvalResults, cluster: str | None = None) -> RunPair:
    return RunPair.of(a, b, cluster=cluster, names=("A", "B"))


def test_values_are_side_by_side_and_the_rest_is_counted() -> None:
    """An id with another extension is the same sample."""
    a, b = run_of(["x.wav", "y.wav"]), run_of(["y.flac", "z.flac"])
    pairs = pair(a, b).by_id({"x.wav": 1, "y.wav": 2}, {"y.flac": 3, "z.flac": 4})
    assert (pairs.ids, pairs.a, pairs.b) == (["y.wav"], [2], [3])
    assert (pairs.num_only_a, pairs.num_only_b) == (1, 1)
    assert scored_ids(a) == ["x.wav", "y.wav"]


@pytest.mark.parametrize("has_column", ["a", "b"])
def test_either_run_may_know_the_clusters(has_column: str) -> None:
    """The other may have been made from a plain folder."""
    a = run_of(["x.wav", "y.wav"], **({"speaker": "eva"} if has_column == "a" else {}))
    b = run_of(["x.flac", "y.flac"], **({"speaker": "eva"} if has_column == "b" else {}))
    assert pair(a, b, "speaker").cluster_labels(["x.wav", "y.wav"]) == ["eva", "eva"]


def test_column_of_neither_run_is_unknown() -> None:
    """With what there is; "id" is a column of every run and groups nothing."""
    a = run_of(["x.wav"], speaker="eva")
    with pytest.raises(UnknownNameError, match="speakr"):
        pair(a, a, "speakr")
    assert pair(a, a, "id").clusters is None
