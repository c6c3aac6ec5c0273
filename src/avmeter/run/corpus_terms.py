"""Corpus scores that are ratios of sums over clips (word error rate: edits over words), out of a run's own tables.

A corpus result whose details have `ratio_of_sums` names the details of its clips that are added up:

    {"numerator": ["substitutions", "deletions", "insertions"], "denominator": ["hits", "substitutions", "deletions"],
     "unscored": {"clip7.wav": [12, 12]}}

`unscored` has the terms of clips that have no score and count all the same. With them the score can be computed again
over any part of the run: a group, a resample, the clips that two runs share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avmeter.run.score_table import ScoreTable

RATIO_OF_SUMS = "ratio_of_sums"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What one clip adds to the numerator and to the denominator."""

    numerator: float
    denominator: float


def corpus_terms(results: ScoreTable, metric: str) -> dict[int, Terms] | None:
    """Return the terms of the scored positions that have some, or None where the corpus score is no ratio of sums.

    A corpus score that is the mean of its clips' scores is one, over their number. None too where the terms do not add
    up to the corpus score, as in a run whose rows were changed.
    """
    corpus = results.corpus.get(metric)
    if corpus is None or corpus.score is None:
        return None
    recipe = corpus.details.get(RATIO_OF_SUMS)
    if not isinstance(recipe, Mapping):
        return _terms_of_mean(results, metric, corpus.score)
    found = {}
    unscored = recipe.get("unscored", {})
    ids = results.sample_ids
    for position in results.scored_positions:
        result = results[position].get(metric)
        if result is not None and result.score is not None:
            sums = [_sum(result.details, recipe.get(part, ())) for part in ("numerator", "denominator")]
            found[position] = Terms(numerator=sums[0], denominator=sums[1])
        elif ids[position] in unscored:
            numerator, denominator = unscored[ids[position]]
            found[position] = Terms(numerator=numerator, denominator=denominator)
    rate = ratio_of(list(found.values()))
    return found if rate is not None and math.isclose(rate, corpus.score, rel_tol=1e-6, abs_tol=1e-9) else None


def is_mean_of_clips(results: ScoreTable, metric: str) -> bool:
    """Return True if the corpus score says nothing that the mean over clips does not."""
    corpus = results.corpus.get(metric)
    return corpus is not None and RATIO_OF_SUMS not in corpus.details and corpus_terms(results, metric) is not None


def _terms_of_mean(results: ScoreTable, metric: str, score: float) -> dict[int, Terms] | None:
    scores = {i: r.score for i in results.scored_positions if (r := results[i].get(metric)) and r.score is not None}
    if not scores or not math.isclose(math.fsum(scores.values()) / len(scores), score, rel_tol=1e-9, abs_tol=1e-12):
        return None
    return {i: Terms(numerator=value, denominator=1.0) for i, value in scores.items()}


def ratio_of(terms: Sequence[Terms]) -> float | None:
    """Return the score over these clips; None if their denominators are all 0."""
    below = math.fsum(t.denominator for t in terms)
    return math.fsum(t.numerator for t in terms) / below if below > 0 else None


def _sum(details: Mapping[str, Any], keys: Sequence[str]) -> float:
    return math.fsum(details.get(key, math.nan) for key in keys)
