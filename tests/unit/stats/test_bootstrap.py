"""Intervals cover what they claim to, and do not depend on order."""

import numpy as np
import pytest
import scipy.stats

from avmeter.errors import StatsError
from avmeter.stats import bootstrap
from avmeter.stats.bootstrap import mean_interval, paired_difference_interval, ratio_interval


def test_interval_agrees_with_scipy() -> None:
    """Both ends of the accelerated interval of skewed values, within its simulation error."""
    values = np.random.default_rng(0).exponential(size=40)
    ours = mean_interval(values, resamples=20000, method="bca")
    theirs = scipy.stats.bootstrap((values,), np.mean, n_resamples=20000, rng=1).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.high, abs=0.02)
    assert ours.estimate == pytest.approx(values.mean())


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """At least 88% of 95% intervals from thirty skewed values hold the true mean."""
    rng = np.random.default_rng(0)
    intervals = [mean_interval(rng.exponential(size=30), resamples=500) for _ in range(200)]
    assert 0.88 < np.mean([i.low <= 1 <= i.high for i in intervals]) <= 0.99


@pytest.mark.parametrize("count", [3, 5, 9, 10, 15])
def test_few_values_have_an_honest_interval(count) -> None:
    """92 to 98% of the intervals of a few normal values hold the mean, where plain resampling holds it in 75 to 90%."""
    rng = np.random.default_rng(count)
    intervals = [mean_interval(rng.standard_normal(count), resamples=500) for _ in range(400)]
    assert 0.92 <= np.mean([i.low <= 0 <= i.high for i in intervals]) <= 0.98
    assert {i.method for i in intervals} == {"t" if count < 10 else "expanded_bca"}


def test_two_values_have_student_s_interval() -> None:
    """One degree of freedom: 12.7 standard errors to each side."""
    interval = mean_interval([0.02, 0.01])
    assert interval.high - interval.estimate == pytest.approx(0.0635, abs=1e-4)


def test_interval_of_seeds_of_prompts_covers_the_mean_over_prompts() -> None:
    """92 to 97% for ten prompts by eight seeds; clips taken as independent hold it in half of the draws."""
    rng = np.random.default_rng(0)
    prompts = list(np.repeat(np.arange(10), 8))
    draws = [np.repeat(rng.standard_normal(10), 8) + 0.1 * rng.standard_normal(80) for _ in range(500)]
    together = [mean_interval(values, clusters=prompts, resamples=500) for values in draws]
    assert 0.92 <= np.mean([i.low <= 0 <= i.high for i in together]) <= 0.97
    assert (together[0].count, together[0].num_clusters) == (80, 10)
    apart = [mean_interval(values, resamples=200) for values in draws[:100]]
    assert np.mean([i.low <= 0 <= i.high for i in apart]) < 0.7


def test_one_cluster_has_no_interval() -> None:
    """However many clips it has."""
    assert mean_interval(np.arange(20.0), clusters=["a"] * 20) is None


def test_corpus_word_error_rate_is_errors_over_words() -> None:
    """The estimate is 1 / 10, not the mean 0.5 of the two clips' rates."""
    interval = ratio_interval([1, 0], [1, 9])
    assert interval.estimate == pytest.approx(0.1)
    assert interval.low <= 0.1 <= interval.high


def test_resamples_without_a_reference_word_are_left_out() -> None:
    """A resample of clips with no words at all has no rate; the interval is finite."""
    interval = ratio_interval([1, 0, 0], [4, 0, 0])
    assert np.isfinite([interval.low, interval.high]).all()


def test_equal_values_have_an_interval_of_no_width() -> None:
    """No spread, no width, no warning."""
    interval = mean_interval([2.0, 2.0, 2.0])
    assert (interval.low, interval.high) == (2.0, 2.0)


def test_one_clip_has_no_interval() -> None:
    """None, not a width of 0."""
    assert mean_interval([1.0]) is None
    assert ratio_interval([1.0], [3.0]) is None
    assert paired_difference_interval(candidate=[1.0], baseline=[0.0]) is None


def test_paired_difference_is_narrower_than_the_runs_are_wide() -> None:
    """Differences between clips cancel: a small constant gain is found in noisy scores."""
    rng = np.random.default_rng(0)
    baseline = rng.standard_normal(50) * 10
    candidate = baseline + 0.5 + rng.standard_normal(50) * 0.1
    interval = paired_difference_interval(candidate=candidate, baseline=baseline)
    assert interval.excludes(0.0)
    assert interval.estimate == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_order_and_repetition_change_nothing(method) -> None:
    """The same clips in another order, or asked again, give the same ends to the last bit."""
    rng = np.random.default_rng(0)
    errors, words = rng.poisson(1, 40), rng.integers(1, 9, 40)
    order = rng.permutation(40)
    first = ratio_interval(errors, words, method=method)
    assert ratio_interval(errors[order], words[order], method=method) == first
    assert first.method == method


def test_large_corpus_uses_the_normal_interval(monkeypatch) -> None:
    """It says so, and agrees with resampling where both are possible."""
    rng = np.random.default_rng(0)
    errors, words = rng.poisson(1, 3000), rng.integers(1, 9, 3000)
    resampled = ratio_interval(errors, words)
    monkeypatch.setattr(bootstrap, "LARGEST_RESAMPLED", 100)
    normal = ratio_interval(errors, words)
    assert normal.method == "normal"
    width = resampled.high - resampled.low
    assert normal.low == pytest.approx(resampled.low, abs=0.1 * width)
    assert normal.high == pytest.approx(resampled.high, abs=0.1 * width)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_interval([]), "at least 1 values, got 0"),
        (lambda: mean_interval([1.0, np.nan]), "1 of 2 values are not finite"),
        (lambda: mean_interval([1.0, 2.0], confidence=95), "between 0 and 1, got 95"),
        (lambda: mean_interval([1.0, 2.0], resamples=3), "at least 100"),
        (lambda: ratio_interval([1.0, 2.0], [0.0, 0.0]), "sum above 0"),
        (lambda: ratio_interval([1.0, 2.0], [3.0, -1.0]), "0 or more"),
        (lambda: ratio_interval([1.0, 2.0], [3.0]), "do not pair up"),
        (lambda: paired_difference_interval(candidate=[1.0, 2.0], baseline=[3.0]), "do not pair up"),
    ],
)
def test_values_without_an_interval_are_refused(call, message) -> None:
    """Each message has the number that is wrong."""
    with pytest.raises(StatsError, match=message):
        call()
