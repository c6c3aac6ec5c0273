"""Average precision of a ranking: do the positives stand above the negatives?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.rows import as_values


def average_precision(is_positive: npt.ArrayLike, scores: npt.ArrayLike, *, num_positives: int | None = None) -> float:
    """Area under the steps of the precision-recall curve.

        sum over thresholds of (recall - recall at the threshold above) * precision

    Args:
        is_positive: Whether each of N >= 1 items is a positive, (N,).
        scores: Their scores, (N,), finite. Equal scores share a threshold.
        num_positives: What recall is a share of; default: the positives among the items. Pass a larger number where
            positives were missed that have no score.

    Returns:
        0 to 1; higher is better.

    Raises:
        StatsError: Lengths differ, a score is not finite, or there are no positives.

    Source: `average_precision_score` of scikit-learn.
    """
    values = as_values(scores, name="scores", minimum=1)
    positive = np.asarray(is_positive, np.bool_)
    if positive.shape != values.shape:
        raise StatsError(f"{len(positive)} labels and {len(values)} scores do not pair up")
    total = int(positive.sum()) if num_positives is None else num_positives
    if total < 1:
        raise StatsError("no positives: there is no recall")
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    last_of_each = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = np.cumsum(positive[order])[last_of_each]
    gained = np.diff(hits, prepend=0) / total
    return float(np.sum(gained * hits / (last_of_each + 1)))
