"""What a run amounts to, so that nobody takes a mean over the survivors for a mean over all.

    {"num_samples": 10, "num_references": 0, "dummy": false,
     "metrics": {"audio.wer": {
        "direction": "lower", "unit": "edits per word", "dummy": false,
        "mean": 0.21, "median": 0.2, "std": 0.08, "n_scored": 9, "n_given": 10,
        "interval": {"low": 0.15, "high": 0.27, "confidence": 0.95, "method": "bca"},
        "skipped": {"no_audio_track": 1}, "note": "mean over 9 of 10; 1 skipped: no_audio_track",
        "corpus": {"score": 0.19, "skip_code": null, "reason": null, "hint": null, "details": {...}}}}}

`interval` is the bootstrap interval of the mean over samples, absent (null) below two scores. A metric of the corpus
alone has null for everything that is per sample. `std` is the sample standard deviation.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from typing import Any

from avmeter.result import DUMMY_MARK, MetricResult
from avmeter.run.score_table import ScoreTable, record_of, scored, skip_code
from avmeter.stats.bootstrap import mean_interval

NOT_RUN = "not_run"
_NOTHING_PER_SAMPLE: Mapping[str, Any] = {
    "mean": None,
    "median": None,
    "std": None,
    "interval": None,
    "n_scored": None,
    "n_given": None,
    "skipped": {},
}


def summarise(results: ScoreTable) -> dict[str, Any]:
    """Return the summary of a run; see the module's docstring for its form."""
    positions = results.scored_positions
    summary: dict[str, Any] = {
        "num_samples": len(positions),
        "num_references": len(results) - len(positions),
        "dummy": results.is_dummy,
    }
    if results.is_dummy:
        summary["mark"] = f"{DUMMY_MARK}: scores marked so mean nothing"
    summary["metrics"] = {name: _metric(results, name, positions) for name in results.metric_names}
    return summary


def _metric(results: ScoreTable, name: str, positions: list[int]) -> dict[str, Any]:
    corpus = results.corpus.get(name)
    column = [results[i].get(name) for i in positions]
    has_samples = any(r is not None for r in column)
    each = _per_sample(column) if has_samples else {**_NOTHING_PER_SAMPLE, "note": _corpus_note(corpus)}
    return {
        "direction": results.fact(name, "direction"),
        "unit": results.fact(name, "unit"),
        "dummy": any(r.dummy for r in (*column, corpus) if r is not None),
        **each,
        "corpus": None if corpus is None else record_of(corpus),
    }


def _per_sample(column: list[MetricResult | None]) -> dict[str, Any]:
    scores = scored(column)
    codes = Counter(NOT_RUN if r is None else skip_code(r) for r in column if r is None or r.score is None)
    skipped = {str(code): count for code, count in codes.most_common()}
    interval = mean_interval(scores) if scores else None
    return {
        "mean": statistics.fmean(scores) if scores else None,
        "median": statistics.median(scores) if scores else None,
        "std": statistics.stdev(scores) if len(scores) > 1 else None,
        "interval": None
        if interval is None
        else {
            "low": interval.low,
            "high": interval.high,
            "confidence": interval.confidence,
            "method": interval.method,
        },
        "n_scored": len(scores),
        "n_given": len(column),
        "skipped": skipped,
        "note": note_of(len(scores), len(column), skipped),
    }


def note_of(n_scored: int, n_given: int, skipped: Mapping[str, int], *, what: str = "mean") -> str:
    """Return a sentence that says what a headline leaves out; empty if nothing."""
    left_out = n_given - n_scored
    if left_out <= 0:
        return ""
    codes = list(skipped)
    reasons = codes[0] if len(codes) == 1 else ", ".join(f"{count} {code}" for code, count in skipped.items())
    head = f"{what} over {n_scored} of {n_given}" if n_scored else f"none of {n_given} scored"
    return f"{head}; {left_out} skipped: {reasons}" if reasons else f"{head}; {left_out} skipped"


def _corpus_note(corpus: MetricResult | None) -> str:
    """Return the same for a corpus metric, from the counts that the engine left in its details."""
    if corpus is None or corpus.score is None:
        return ""
    given, used, left_out = (corpus.details.get(k) for k in ("n_given", "n_used", "left_out"))
    if not isinstance(given, int) or not isinstance(used, int):
        return ""
    return note_of(used, given, left_out if isinstance(left_out, Mapping) else {}, what="score")
