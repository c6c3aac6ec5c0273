"""A run remembers how its samples are grouped."""

from __future__ import annotations

import pytest

from avmeter.errors import UnknownNameError
from avmeter.result import MetricResult
from avmeter.run.grouping import GROUPING, Grouping, group_score
from avmeter.sample import as_samples


def test_grouping_survives_the_provenance() -> None:
    """What was written is read; a run without one has the default."""
    grouping = Grouping(cluster="speaker", by=("language",))
    assert Grouping.read({GROUPING: grouping.to_facts()}) == grouping
    assert Grouping.read({}) == Grouping()


def test_column_that_no_sample_has_is_refused() -> None:
    """Before anything is computed."""
    samples = as_samples([{"audio": "a.wav", "speaker": "eva"}])
    Grouping(cluster="id", by=("speaker",)).check(samples)
    for grouping in (Grouping(cluster="spekaer"), Grouping(by=("speaker", "language"))):
        with pytest.raises(UnknownNameError):
            grouping.check(samples)


def test_score_of_a_group_is_kept_without_a_number_for_every_clip() -> None:
    """Groups of many columns would write the set many times."""
    result = MetricResult("m.fad", 1.0, {"n_gen": 2, "clip_influences": {"a": 0.5, "b": -0.5}})
    assert group_score(result)["details"] == {"n_gen": 2}
