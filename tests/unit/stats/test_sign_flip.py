"""Equal systems are told apart as often as the level says, and not at all by too few pairs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats import sign_flip
from avmeter.stats.sign_flip import fewest_pairs, paired_interval


def false_verdicts(draw, count: int, *, draws: int = 500, seeds: int = 1) -> float:
    rng = np.random.default_rng(count)
    clusters = list(np.repeat(np.arange(count), seeds))
    intervals = [paired_interval(draw(rng, count) - draw(rng, count), clusters=clusters) for _ in range(draws)]
    return float(np.mean([i is not None and i.excludes(0.0) for i in intervals]))


def seeds_of_prompts(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.repeat(rng.standard_normal(count), 8) + 0.1 * rng.standard_normal(8 * count)


@pytest.mark.parametrize("count", [7, 10, 30])
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: rng.standard_normal(n),
        lambda rng, n: rng.exponential(size=n),
        lambda rng, n: rng.standard_t(2, n),
    ],
)
def test_equal_systems_differ_in_one_of_twenty_draws(draw, count: int) -> None:
    """Normal, skewed and heavy tailed scores: 3 to 7 percent, with two standard errors of 500 draws to spare."""
    assert 0.02 < false_verdicts(draw, count) < 0.07


def test_ties_make_verdicts_rarer_and_never_more_frequent() -> None:
    """Scores of 0 and 1."""
    assert false_verdicts(lambda rng, n: rng.integers(0, 2, n).astype(float), 10) < 0.06


def test_seeds_of_one_prompt_count_once() -> None:
    """Taken as independent, eight seeds of ten prompts differ in half of the draws."""
    assert 0.02 < false_verdicts(seeds_of_prompts, 10, seeds=8) < 0.08


@pytest.mark.parametrize("count", [1, 2, 5])
def test_fewer_than_six_pairs_have_no_interval(count: int) -> None:
    """The signs of five differences agree by chance in every sixteenth draw."""
    assert fewest_pairs() == 6
    assert paired_interval(np.ones(count)) is None
    assert paired_interval(np.ones(40), clusters=[i % count for i in range(40)]) is None


def test_interval_is_the_sign_flip_test_turned_round() -> None:
    """A difference lies outside exactly where flipping signs gives as large a sum in 5% of all ways or fewer."""
    values = np.random.default_rng(3).standard_normal(8)
    interval = paired_interval(values)
    signs = np.array(list(itertools.product([1, -1], repeat=8)))
    for shift in np.linspace(-2, 2, 81):
        sums = signs @ (values - shift)
        share = np.mean(np.abs(sums) >= abs(sums[0]) - 1e-12)
        assert interval.excludes(shift) == (share <= 0.05)


def test_ratio_of_sums_weighs_by_denominator() -> None:
    """The difference of two word error rates over all words."""
    interval = paired_interval([1, 0, 2, 0, 1, 0, 1], [10, 5, 20, 5, 10, 5, 5])
    assert interval.estimate == pytest.approx(5 / 60)
    assert interval.low <= interval.estimate <= interval.high


def test_rounding_is_no_difference() -> None:
    """Differences that cancel out leave exactly 0."""
    interval = paired_interval([0.1, 0.2, -0.3, 0.0, 0.0, 0.0, 0.0])
    assert not interval.excludes(0.0)


def test_order_changes_nothing_and_random_subsets_are_seeded() -> None:
    """To the last bit, with more pairs than all subsets are taken of."""
    values = np.random.default_rng(0).standard_normal(40)
    assert paired_interval(values) == paired_interval(values[::-1])
    assert paired_interval(values).method == "sign_flip"


def test_very_many_pairs_use_the_normal_interval(monkeypatch) -> None:
    """Nothing is drawn then."""
    monkeypatch.setattr(sign_flip, "LARGEST_RESAMPLED", 30)
    monkeypatch.setattr("avmeter.stats.bootstrap.LARGEST_RESAMPLED", 30)
    assert paired_interval(np.random.default_rng(0).standard_normal(40)).method == "normal"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: paired_interval([1.0] * 6, [1.0] * 5), "do not pair up"),
        (lambda: paired_interval([1.0] * 6, [0.0] * 6), "sum above 0"),
        (lambda: paired_interval([1.0] * 6, confidence=95), "between 0 and 1"),
        (lambda: paired_interval([np.nan] * 6), "not finite"),
    ],
)
def test_values_without_an_interval_are_refused(call, message: str) -> None:
    """Each message has what is wrong."""
    with pytest.raises(StatsError, match=message):
        call()
