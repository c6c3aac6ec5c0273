"""Divergences on predictions whose answer is known."""

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.divergence import inception_score, kl_both, kl_sigmoid, kl_softmax


def test_kl_is_from_the_reference_to_the_generated() -> None:
    """KL((3/4, 1/4) || (1/2, 1/2)), not the other way round."""
    expected = 0.75 * np.log(1.5) + 0.25 * np.log(0.5)
    assert kl_softmax(generated=[[0.0, 0.0]], reference=[[np.log(3.0), 0.0]]) == pytest.approx(expected)


def test_kl_of_extreme_logits_is_finite() -> None:
    """Underflowing classes contribute nothing and never NaN."""
    assert kl_softmax(generated=[[0.0, 2000.0]], reference=[[2000.0, 0.0]]) == pytest.approx(2000.0)
    assert np.isfinite(kl_sigmoid(generated=[[0.0, 2000.0]], reference=[[-2000.0, 0.0]]))


def test_half_divergence_can_be_negative() -> None:
    """Only the "present" term is summed, as published."""
    expected = 0.5 * np.log(0.5 / 0.75)
    assert kl_sigmoid(generated=[[np.log(3.0)]], reference=[[0.0]]) == pytest.approx(expected)


def test_both_divergences_at_once_have_the_bits_of_each_alone() -> None:
    """For one clip and for several."""
    rng = np.random.default_rng(0)
    for count, classes in ((1, 527), (1, 521), (1, 3), (4, 527)):
        pair = {side: 5 * rng.standard_normal((count, classes)) for side in ("generated", "reference")}
        assert kl_both(**pair) == (kl_softmax(**pair), kl_sigmoid(**pair))


def test_one_class_per_clip_scores_the_number_of_classes() -> None:
    """Confident and evenly spread predictions reach the maximum, even with probabilities of exactly 0."""
    result = inception_score(np.eye(4) * 5000, splits=1)
    assert result.mean == pytest.approx(4.0)
    assert result.std == 0.0


def test_equal_predictions_score_one() -> None:
    """The same prediction for every clip carries no information."""
    assert inception_score(np.ones((10, 5)), splits=2).mean == pytest.approx(1.0)


def test_more_splits_than_clips_are_refused() -> None:
    """Published tools return NaN here."""
    with pytest.raises(StatsError, match="10 splits needs at least 10 clips, got 7"):
        inception_score(np.zeros((7, 20)), splits=10)


def test_predictions_that_do_not_pair_up_are_refused() -> None:
    """Rows are compared one by one: counts and classes must agree."""
    with pytest.raises(StatsError, match="do not pair up"):
        kl_softmax(generated=np.zeros((2, 3)), reference=np.zeros((3, 3)))
    with pytest.raises(StatsError, match="generated 3, reference 4"):
        kl_sigmoid(generated=np.zeros((2, 3)), reference=np.zeros((2, 4)))
    with pytest.raises(StatsError, match="at least 1 clips per side, got 0"):
        kl_softmax(generated=np.zeros((0, 3)), reference=np.zeros((0, 3)))
