"""What one metric's scores amount to, over a whole run or over a group of its samples."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from avmeter.caveats import Caveat, CaveatCode
from avmeter.result import MetricResult
from avmeter.run.caveats import metric_caveats
from avmeter.run.clusters import Clusters
from avmeter.run.corpus_terms import corpus_terms, ratio_of
from avmeter.run.score_table import ScoreTable, record_of, scored, skip_code
from avmeter.stats.bootstrap import Interval, mean_interval, ratio_interval

NOT_RUN = "not_run"
NEEDS_OWN_RUN = "needs a run of its own: no sum over clips; `score --by` computes it where features are stored"
_NOTHING_PER_SAMPLE: Mapping[str, Any] = {
    "mean": None,
    "median": None,
    "std": None,
    "interval": None,
    "n_scored": None,
    "n_given": None,
    "skipped": {},
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """Samples that are summed up together.

    Attributes:
        positions: Of the samples in the run.
        clusters: Which samples of the run belong together, where they do.
        is_whole: These are all samples to be scored: the corpus score is theirs.
        corpus_scores: Metric -> corpus score of these samples alone (`avmeter.run.grouping.group_score`), where known.
    """

    positions: Sequence[int]
    clusters: Clusters | None = None
    is_whole: bool = True
    corpus_scores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def labels(self, positions: Sequence[int]) -> list[Hashable] | None:
        """Return the clusters of these samples."""
        return None if self.clusters is None else [self.clusters.labels[i] for i in positions]


def summarise_metric(results: ScoreTable, name: str, part: Part) -> dict[str, Any]:
    """Return the summary of a metric; `avmeter.run.summary` describes its form."""
    corpus = results.corpus.get(name)
    column = [results[i].get(name) for i in part.positions]
    has_samples = any(r is not None for r in column)
    each = _per_sample(results, name, part) if has_samples else dict(_NOTHING_PER_SAMPLE)
    left_out = _left_out(each) if has_samples else _left_out_of_corpus(corpus) if part.is_whole else ""
    caveats = [Caveat.of(CaveatCode.CLIPS_LEFT_OUT, what=left_out)] if left_out else []
    scores = None if part.is_whole else part.corpus_scores
    caveats += metric_caveats(results, name, part.positions, corpus_scores=scores)
    of_corpus = None if corpus is None else _of_corpus(results, name, corpus, part)
    return {
        "direction": results.fact(name, "direction"),
        "unit": results.fact(name, "unit"),
        "dummy": any(r.dummy for r in (*column, corpus) if r is not None),
        **each,
        "clusters": _count(each["interval"] or (of_corpus or {}).get("interval")),
        "caveats": [c.to_record() for c in caveats],
        "note": "; ".join(c.text for c in caveats if c.code is not CaveatCode.STAND_IN_WEIGHTS),
        "corpus": of_corpus,
    }


def _per_sample(results: ScoreTable, name: str, part: Part) -> dict[str, Any]:
    column = [results[i].get(name) for i in part.positions]
    scores = scored(column)
    codes = Counter(NOT_RUN if r is None else skip_code(r) for r in column if r is None or r.score is None)
    positions = [i for i, r in zip(part.positions, column, strict=True) if r is not None and r.score is not None]
    interval = mean_interval(scores, clusters=part.labels(positions)) if scores else None
    return {
        "mean": statistics.fmean(scores) if scores else None,
        "median": statistics.median(scores) if scores else None,
        "std": statistics.stdev(scores) if len(scores) > 1 else None,
        "interval": _interval_record(interval, part, _scale(results, name)),
        "n_scored": len(scores),
        "n_given": len(column),
        "skipped": {str(code): count for code, count in codes.most_common()},
    }


def _of_corpus(results: ScoreTable, name: str, corpus: MetricResult, part: Part) -> dict[str, Any]:
    """Return the corpus score with its own interval; over a group only where it is a ratio of sums."""
    terms = corpus_terms(results, name)
    if terms is None:
        if part.is_whole:
            return _with_own_interval(record_of(corpus), part)
        if name in part.corpus_scores:
            return _with_own_interval(part.corpus_scores[name], part)
        return {"score": None, "skip_code": None, "reason": NEEDS_OWN_RUN, "hint": None, "interval": None}
    positions = [i for i in part.positions if i in terms]
    own = [terms[i] for i in positions]
    rate = ratio_of(own)
    interval = None
    if rate is not None:
        interval = ratio_interval(
            [t.numerator for t in own], [t.denominator for t in own], clusters=part.labels(positions)
        )
    record = record_of(corpus) if part.is_whole else {"score": rate, "skip_code": None, "reason": None, "hint": None}
    return {**record, "interval": _interval_record(interval, part, _scale(results, name))}


def _with_own_interval(record: Mapping[str, Any], part: Part) -> dict[str, Any]:
    """Return a corpus score with the interval that its metric finds itself; that one knows of no clusters."""
    details = record["details"]
    ends = details.get("interval")
    if part.clusters is not None or record["score"] is None or not _are_ends(ends):
        return {**record, "interval": None}
    confidence = details.get("interval_confidence", 0.95)
    own = {"low": ends[0], "high": ends[1], "confidence": confidence, "method": "metric"}
    return {**record, "interval": own}


def _are_ends(ends: Any) -> bool:
    is_pair = isinstance(ends, list | tuple) and len(ends) == 2
    return is_pair and all(isinstance(end, int | float) and math.isfinite(end) for end in ends)


def _scale(results: ScoreTable, name: str) -> tuple[float, float]:
    """Return the least and the greatest value that a metric can have."""
    ends = results.fact(name, "range")
    low, high = ends if isinstance(ends, list) and len(ends) == 2 else (None, None)
    return (
        low if isinstance(low, int | float) else -math.inf,
        high if isinstance(high, int | float) else math.inf,
    )


def _interval_record(interval: Interval | None, part: Part, scale: tuple[float, float]) -> dict[str, Any] | None:
    """Return an interval without what lies outside the scale, where no mean can be: coverage is the same."""
    if interval is None:
        return None
    record: dict[str, Any] = {
        "low": min(max(interval.low, scale[0]), scale[1]),
        "high": max(min(interval.high, scale[1]), scale[0]),
        "confidence": interval.confidence,
        "method": interval.method,
    }
    if part.clusters is not None:
        record |= {"num_clusters": interval.num_clusters, "cluster": part.clusters.column}
    return record


def _count(interval: Mapping[str, Any] | None) -> str | None:
    if interval is None or "num_clusters" not in interval:
        return None
    return f"{interval['num_clusters']} by {interval['cluster']}"


def _left_out(each: Mapping[str, Any]) -> str:
    return note_of(each["n_scored"], each["n_given"], each["skipped"])


def note_of(n_scored: int, n_given: int, skipped: Mapping[str, int], *, what: str = "mean") -> str:
    """Return a sentence that says what a headline leaves out; empty if nothing."""
    left_out = n_given - n_scored
    if left_out <= 0:
        return ""
    codes = list(skipped)
    reasons = codes[0] if len(codes) == 1 else ", ".join(f"{count} {code}" for code, count in skipped.items())
    head = f"{what} over {n_scored} of {n_given}" if n_scored else f"none of {n_given} scored"
    return f"{head}; {left_out} skipped: {reasons}" if reasons else f"{head}; {left_out} skipped"


def _left_out_of_corpus(corpus: MetricResult | None) -> str:
    """Return the same for a corpus metric, from the counts that the engine left in its details."""
    if corpus is None or corpus.score is None:
        return ""
    given, used, left_out = (corpus.details.get(k) for k in ("n_given", "n_used", "left_out"))
    if not isinstance(given, int) or not isinstance(used, int):
        return ""
    return note_of(used, given, left_out if isinstance(left_out, Mapping) else {}, what="score")
