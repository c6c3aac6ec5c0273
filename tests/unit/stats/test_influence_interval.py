"""Intervals of a difference of scores of sets: covered at any number of clips, narrow for pairs, wide for clusters."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.frechet import frechet_distance
from avmeter.stats.frechet_influence import frechet_contributions
from avmeter.stats.influence_interval import influence_interval
from avmeter.stats.moments import Moments

DIM = 16
SPREAD = 1 / np.arange(1, DIM + 1)
RNG = np.random.default_rng(0)
REFERENCE = Moments.of(RNG.standard_normal((1000, DIM)) * SPREAD)


def added(rows: np.ndarray) -> dict[str, float]:
    contributions = frechet_contributions(generated=rows, reference=REFERENCE)
    return {f"clip {i}": float(v) for i, v in enumerate(contributions)}


def distance(rows: np.ndarray) -> float:
    return frechet_distance(generated=Moments.of(rows), reference=REFERENCE).distance


def interval_of(a: np.ndarray, b: np.ndarray):
    found = influence_interval(distance(b) - distance(a), candidate=added(b), baseline=added(a))
    assert found is not None
    return found


@pytest.mark.parametrize("count", [10, 40, 160])
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_difference_of_frechet_distances_is_covered(count: int, shift: float) -> None:
    """Fewer clips than dimensions or more, equal systems or not: about 95 in 100 times or more."""
    draws = [
        interval_of(RNG.standard_normal((count, DIM)) * SPREAD, (RNG.standard_normal((count, DIM)) + shift) * SPREAD)
        for _ in range(200)
    ]
    expected = np.mean([d.estimate for d in draws]) if shift else 0.0
    assert np.mean([not d.excludes(float(expected)) for d in draws]) >= 0.92
    spread = np.std([d.estimate for d in draws])
    assert np.mean([d.high - d.low for d in draws]) < 2 * 3.2 * spread


def test_pairs_that_resemble_each_other_make_it_narrow() -> None:
    """Where both systems answer to one prompt, what they share is no uncertainty of their difference."""
    common, other = (RNG.standard_normal((100, DIM)) * SPREAD for _ in range(2))
    paired = interval_of(common, 0.95 * common + 0.2 * other)
    apart = interval_of(common, (0.95 * common + 0.2 * other)[::-1])
    assert paired.high - paired.low < 0.6 * (apart.high - apart.low)


def test_clips_of_both_sets_and_of_one_alone_are_terms() -> None:
    """By hand: of the sums over clips 1, -2, and eight zeros, Student's t with nine degrees."""
    baseline = {"a": 1.0, "b": 2.0} | {f"z{i}": 0.0 for i in range(8)}
    found = influence_interval(5.0, candidate={"a": 2.0}, baseline=baseline)
    assert found is not None
    half = 2.262157 * np.sqrt((1 + 4) * 10 / 9)
    assert (found.low, found.high) == (pytest.approx(5 - half, abs=1e-5), pytest.approx(5 + half, abs=1e-5))
    assert (found.estimate, found.count, found.method, found.num_clusters) == (5.0, 10, "influence", None)


def test_clips_of_a_cluster_are_one_term() -> None:
    """Twelve prompts of four seeds that agree: as wide as twelve clips, of four times the weight."""
    values = dict(enumerate(np.random.default_rng(1).standard_normal(12)))
    seeds = {f"{p}-{s}": float(v) for p, v in values.items() for s in range(4)}
    by_prompt = influence_interval(0.0, candidate=seeds, baseline={}, clusters={c: c.split("-")[0] for c in seeds})
    merged = influence_interval(0.0, candidate={str(p): float(4 * v) for p, v in values.items()}, baseline={})
    assert by_prompt is not None
    assert merged is not None
    assert (by_prompt.num_clusters, by_prompt.high) == (12, pytest.approx(merged.high))
    alone = influence_interval(0.0, candidate=seeds, baseline={}, clusters={})
    assert alone is not None
    assert (alone.num_clusters, alone.high < 0.7 * merged.high) == (48, True)


def test_few_terms_have_no_interval() -> None:
    """Nine clips, nine clusters of eighteen clips, or none."""
    clips = {str(i): float(i) for i in range(18)}
    assert influence_interval(1.0, candidate=dict(list(clips.items())[:9]), baseline={}) is None
    assert influence_interval(1.0, candidate=clips, baseline={}, clusters={c: int(c) // 2 for c in clips}) is None
    assert influence_interval(1.0, candidate={}, baseline={}) is None


def test_arguments_out_of_range_are_refused() -> None:
    """A confidence of 1, and what is no number."""
    clips = {str(i): float(i) for i in range(18)}
    with pytest.raises(StatsError, match="confidence"):
        influence_interval(1.0, candidate=clips, baseline={}, confidence=1.0)
    with pytest.raises(StatsError, match="influences"):
        influence_interval(1.0, candidate=clips | {"x": float("nan")}, baseline={})
