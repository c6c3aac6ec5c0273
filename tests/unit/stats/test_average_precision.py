"""Average precision: constructed rankings, and what has none."""

from __future__ import annotations

import pytest

from avmeter.errors import StatsError
from avmeter.stats.average_precision import average_precision


@pytest.mark.parametrize(
    ("labels", "scores", "expected"),
    [
        ([1, 1, 0], [0.9, 0.8, 0.1], 1.0),
        ([0, 1], [0.9, 0.1], 1 / 2),
        ([1, 0, 1], [0.9, 0.5, 0.1], (1 + 2 / 3) / 2),
        ([1, 0], [0.5, 0.5], 1 / 2),
        ([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.5 + 0.5 * 2 / 3),
        ([1], [0.0], 1.0),
    ],
)
def test_precision_is_summed_where_recall_rises(labels, scores, expected: float) -> None:
    """Equal scores share a threshold; the fifth is scikit-learn's documented example (0.83)."""
    assert average_precision(labels, scores) == pytest.approx(expected)


def test_positives_without_a_score_lower_recall() -> None:
    """Two of four are found, both above the negative."""
    assert average_precision([1, 1, 0], [3, 2, 1], num_positives=4) == pytest.approx(0.5)


@pytest.mark.parametrize(("labels", "scores"), [([0, 0], [1, 2]), ([1], [1, 2]), ([1], [float("nan")]), ([], [])])
def test_ranking_without_an_answer_is_refused(labels, scores) -> None:
    """No positives, no pairs, no number, nothing."""
    with pytest.raises(StatsError):
        average_precision(labels, scores)
