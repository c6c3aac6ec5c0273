"""Laws of intervals, divergences and ranks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avmeter.stats.bootstrap import mean_interval
from avmeter.stats.divergence import inception_score, kl_softmax
from avmeter.stats.rank import spearman_correlation
from support import strategies


@settings(max_examples=50)
@given(values=strategies.values(2), seed=st.integers(0, 99))
def test_interval_holds_finite_ordered_ends_within_the_values(values, seed) -> None:
    """No mean of a resample lies outside the values, whatever they are."""
    interval = mean_interval(values, resamples=200, seed=seed, method="bca")
    slack = 1e-9 * (1 + np.abs(values).max())
    assert values.min() - slack <= interval.low <= interval.high <= values.max() + slack
    assert mean_interval(values[::-1], resamples=200, seed=seed, method="bca") == interval


@given(
    logits=strategies.logits(1, 8),
    shift=st.floats(-100, 100),
)
def test_kl_is_zero_for_itself_and_ignores_a_common_offset(logits, shift) -> None:
    """Softmax forgets an offset; a distribution does not differ from itself; no difference is negative."""
    assert kl_softmax(generated=logits, reference=logits) == 0.0
    assert kl_softmax(generated=logits + shift, reference=logits) == pytest.approx(0.0, abs=1e-9)
    assert kl_softmax(generated=logits[:, ::-1], reference=logits) >= -1e-9


@given(logits=strategies.logits(4, 20))
def test_inception_score_lies_between_one_and_the_classes(logits) -> None:
    """Whatever the logits, also where probabilities underflow."""
    result = inception_score(logits, splits=2)
    assert 1 - 1e-9 <= result.mean <= logits.shape[1] + 1e-9


@given(values=strategies.values(3, unique=True), seed=st.integers(0, 99))
def test_rank_correlation_sees_order_alone(values, seed) -> None:
    """Any rising map leaves it, reversal flips it, sides may be exchanged."""
    other = np.random.default_rng(seed).permutation(len(values)).astype(float)
    correlation = spearman_correlation(values, other)
    assert spearman_correlation(values, np.exp(other / 10)) == pytest.approx(correlation)
    assert spearman_correlation(-values, other) == pytest.approx(-correlation)
    assert spearman_correlation(other, values) == pytest.approx(correlation)
