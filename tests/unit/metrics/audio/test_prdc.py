"""Precision, recall, density and coverage of made-up corpora."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import StatsError
from support.embedding_sets import REFERENCE, corpus_metric, score

NAME = "audio.prdc"


def test_set_against_itself_is_realistic_and_varied() -> None:
    """All of it precise, recalled and covered."""
    details = score(corpus_metric(NAME, backbone="vggish"), REFERENCE, REFERENCE).details
    assert (details["precision"], details["recall"], details["coverage"]) == (1.0, 1.0, 1.0)


def test_clips_that_are_all_alike_are_realistic_but_not_varied() -> None:
    """What tells a collapsed model from a poor one."""
    alike = REFERENCE[:1] + 1e-3 * np.random.default_rng(0).standard_normal((50, 128)).astype(np.float32)
    result = score(corpus_metric(NAME, backbone="vggish"), alike, REFERENCE)
    assert result.details["precision"] == 1.0
    assert result.score is not None
    assert result.score < 0.2
    assert result.score == result.details["coverage"]


def test_clips_far_from_all_references_are_neither() -> None:
    """Nothing precise, nothing covered."""
    details = score(corpus_metric(NAME, backbone="vggish"), REFERENCE + 100, REFERENCE).details
    assert (details["precision"], details["coverage"], details["density"]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("neighbours", [3, 5])
def test_as_many_clips_as_neighbours_are_too_few(neighbours: int) -> None:
    """One more is needed; `min_samples` says so for the default."""
    metric = corpus_metric(NAME, backbone="vggish", neighbours=neighbours)
    with pytest.raises(StatsError):
        score(metric, REFERENCE[:neighbours], REFERENCE)
    assert score(metric, REFERENCE[: neighbours + 1], REFERENCE).score is not None
    assert metric.min_samples == 6
