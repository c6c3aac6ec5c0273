"""Sides of a corpus comparison: as moments or as rows, merged in any order, without what is not finite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.embedding_sets import MomentsSide, MomentsState, RowsSide, RowsState, sides_of
from avmeter.sample import Sample
from support.embedding_sets import FRECHET, GENERATED, REFERENCE, corpus_metric, score

ROWS = np.random.default_rng(0).standard_normal((600, 4)).astype(np.float32)


def embedded(rows: np.ndarray) -> Features:
    return Features(arrays={"embedding": rows})


def test_moments_of_a_stream_are_those_of_the_whole() -> None:
    """However many rows come at once, and on either side of where they are folded."""
    side = MomentsSide()
    for rows in np.split(ROWS, [1, 2, 250, 258, 599]):
        side.add(rows)
    moments = side.fold()
    assert moments.count == 600
    np.testing.assert_allclose(moments.mean, ROWS.astype(np.float64).mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(moments.covariance, np.cov(ROWS.astype(np.float64), rowvar=False), atol=1e-12)


@pytest.mark.parametrize("side", [MomentsSide(), RowsSide()])
def test_rows_that_are_not_finite_are_counted_and_left_out(side: MomentsSide | RowsSide) -> None:
    """Of a clip with several rows, only those."""
    rows = np.array([[1, 2], [np.nan, 0], [3, np.inf]], np.float32)
    if isinstance(side, MomentsSide):
        side.add(rows)
        assert side.fold().count == 1
    else:
        side.add(rows, "clip")
        assert side.sorted_rows()[1] == ["clip"]
    assert side.num_dropped == 2


def test_rows_come_out_by_id_whatever_order_they_came_in() -> None:
    """So that statistics that draw by position do not depend on the order of the samples."""
    forward, backward = RowsSide(), RowsSide()
    for i in range(5):
        forward.add(ROWS[i], f"clip {i}")
    for i in reversed(range(5)):
        backward.add(ROWS[i], f"clip {i}")
    np.testing.assert_array_equal(forward.stacked(), backward.stacked())
    assert forward.sorted_rows()[1] == [f"clip {i}" for i in range(5)]
    assert RowsSide().stacked().shape == (0, 0)


@pytest.mark.parametrize("state", [MomentsState, RowsState])
def test_sample_adds_to_the_sides_that_it_has(state: type[MomentsState] | type[RowsState]) -> None:
    """A generated clip with its reference to both; a sample of reference role to the reference side alone."""
    folded = state()
    folded.add(Sample(id="a"), FeatureSet({"generated": embedded(ROWS[0]), "reference": embedded(ROWS[1])}))
    folded.add(Sample(id="b"), FeatureSet({"generated": embedded(ROWS[2])}))
    folded.add(Sample(id="c", role="reference"), FeatureSet({"generated": embedded(ROWS[3])}))
    folded.add(Sample(id="d", role="reference"), FeatureSet({"reference": embedded(ROWS[4])}))
    whole = state().merge(folded).merge(state())
    if isinstance(whole, MomentsState):
        assert (whole.generated.fold().count, whole.reference.fold().count) == (2, 3)
    else:
        assert (len(whole.generated.ids), whole.reference.sorted_rows()[1]) == (2, ["a", "c", "d"])


def test_reference_without_features_adds_nothing() -> None:
    """Its clip was skipped."""
    assert sides_of(Sample(id="r", role="reference"), FeatureSet()) == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("audio.kernel_distance", {"kernel": "gaussian"}),
        ("audio.kernel_distance", {"kernel": "polynomial", "subsets": 2}),
        ("audio.mad", {}),
        ("audio.prdc", {}),
        ("audio.frechet_distance_infinity", {}),
    ],
)
def test_equal_embeddings_are_flagged_by_every_statistic_over_rows(name: str, options: Mapping[str, Any]) -> None:
    """Also where they differ by rounding, as between batches; one clip that differs is enough to lift the flag."""
    metric = corpus_metric(name, backbone="vggish", **options)
    equal = np.repeat(GENERATED[:1], 60, axis=0) * (1 + 5e-7 * np.random.default_rng(0).random((60, 1), np.float32))
    flagged = score(metric, equal, REFERENCE[:60]).details
    assert "equal_embeddings" in [c["code"] for c in flagged["caveats"]]
    equal[7, 3] += 0.01
    assert "equal_embeddings" not in str(score(metric, equal, REFERENCE[:60]).details)


def test_a_side_of_one_row_or_none_is_not_called_equal() -> None:
    """There is nothing to compare it with."""
    side = RowsSide()
    assert not side.are_equal
    side.add(np.ones(3), "a")
    assert not side.are_equal


def test_state_of_moments_keeps_generated_rows_as_long_as_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Added or merged, up to a size; above it none, since some are of no use."""
    monkeypatch.setattr("avmeter.metrics.embedding_sets._MOST_ROW_BYTES", 3 * 16)

    def state_of(*rows: int) -> MomentsState:
        state = MomentsState()
        for i in rows:
            state.add(Sample(id=f"{i}"), FeatureSet({"generated": embedded(ROWS[i]), "reference": embedded(ROWS[i])}))
        return state

    three, four = state_of(0, 1, 2), state_of(0, 1, 2, 3)
    assert (three.keeps_rows, three.rows.ids) == (True, ["0", "1", "2"])
    assert (four.keeps_rows, four.rows.ids) == (False, [])
    assert state_of(0).merge(state_of(1, 2)).rows.ids == ["0", "1", "2"]
    for merged in (three.merge(state_of(3)), four.merge(state_of()), state_of().merge(four)):
        assert (merged.keeps_rows, merged.rows.ids) == (False, [])


def test_influences_are_of_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip of several embeddings is one number; too large a set has none, and the same score."""
    metric = corpus_metric(FRECHET, backbone="vggish")
    whole = score(metric, GENERATED, REFERENCE)
    influences = whole.details["clip_influences"]
    assert sorted(influences) == sorted(f"g{i}" for i in range(300))
    assert sum(influences.values()) == pytest.approx(0.0, abs=1e-3)
    far = GENERATED.copy()
    far[7] += 1
    moved = score(metric, far, REFERENCE).details["clip_influences"]
    assert max(moved, key=moved.get) == "g7"
    pairs = score(metric, GENERATED.reshape(150, 2, 128), REFERENCE).details["clip_influences"]
    assert pairs["g0"] == pytest.approx(influences["g0"] + influences["g1"], rel=1e-4)
    monkeypatch.setattr("avmeter.metrics.embedding_sets._MOST_ROW_BYTES", 1000)
    large = score(metric, GENERATED, REFERENCE)
    assert (large.score, "clip_influences" in large.details) == (whole.score, False)
