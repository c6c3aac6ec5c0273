"""Is one run better than another, sample by sample, and by more than chance?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from avmeter.errors import UsageError
from avmeter.run.read import read_run
from avmeter.run.results import EvalResults
from avmeter.run.sample_ids import match_sample_ids
from avmeter.stats.bootstrap import Interval, paired_difference_interval

Run = EvalResults | str | os.PathLike[str]
Verdict = Literal[
    "better", "worse", "higher", "lower", "no clear difference", "too few samples", "no interval", "not comparable",
    "none",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One metric of two runs, over the samples that both scored.

    Attributes:
        metric: Name.
        direction: "higher" or "lower" is better, "none" or unknown (None).
        num_paired: Samples with a score in both runs.
        num_only_a: Samples scored in the first run alone; they take no part.
        num_only_b: Samples scored in the second run alone; they take no part.
        mean_a: Mean of the first run over the paired samples; None without any.
        mean_b: The same of the second run.
        difference: mean_b - mean_a; for a metric of the corpus, the difference of the corpus scores.
        interval: 95% bootstrap interval of the difference; None below two pairs and for metrics of the corpus.
        corpus_a: Score of the corpus in the first run.
        corpus_b: Score of the corpus in the second run.
        verdict: Of the second run against the first: "better" or "worse" if the interval excludes 0 ("higher" or
            "lower" where no direction is good), else why nothing can be said: "not comparable" if the options of
            the metric differ.
        notes: What makes the comparison doubtful.
        dummy: A score of either run was made with stand-in weights.
    """

    metric: str
    direction: str | None
    num_paired: int
    num_only_a: int
    num_only_b: int
    mean_a: float | None
    mean_b: float | None
    difference: float | None
    interval: Interval | None
    corpus_a: float | None
    corpus_b: float | None
    verdict: Verdict
    notes: tuple[str, ...] = ()
    dummy: bool = False


def compare(
    run_a: EvalResults | str | os.PathLike[str], run_b: EvalResults | str | os.PathLike[str]
) -> list[Comparison]:
    """Paired differences, second run minus first, of every metric that both runs have.

    Samples are paired by id, and where ids differ by the extension alone, by name.

    Args:
        run_a: Results, or a run folder.
        run_b: The same; is better or worse than `run_a`.

    Raises:
        UsageError: No metric or no sample is in both runs.
    """
    a = run_a if isinstance(run_a, EvalResults) else read_run(run_a)
    b = run_b if isinstance(run_b, EvalResults) else read_run(run_b)
    names = [n for n in a.metric_names if n in set(b.metric_names)]
    if not names:
        raise UsageError(
            f"no metric is in both runs: {', '.join(a.metric_names)} and {', '.join(b.metric_names)}",
            hint="score both with the same metrics",
        )
    ids_a, ids_b = (_scored_ids(run) for run in (a, b))
    partners = match_sample_ids(ids_b, ids_a)
    if not partners and not (a.corpus.keys() & b.corpus.keys()):
        raise UsageError(
            f"no sample is in both runs: ids are like `{next(iter(ids_a), '')}` and `{next(iter(ids_b), '')}`",
            hint="score folders whose files have the same relative paths, or give ids",
        )
    return [_compare(name, a, b, partners) for name in names]


def _compare(name: str, a: EvalResults, b: EvalResults, partners: Mapping[str, str]) -> Comparison:
    scores_a = _scores(name, a)
    scores_b = {partners.get(i, i): score for i, score in _scores(name, b).items()}
    shared = [i for i in scores_a if i in scores_b]
    first, second = [scores_a[i] for i in shared], [scores_b[i] for i in shared]
    corpus_a, corpus_b = (run.corpus[name].score if name in run.corpus else None for run in (a, b))
    interval = paired_difference_interval(candidate=second, baseline=first) if shared else None
    mean_a = sum(first) / len(first) if first else None
    mean_b = sum(second) / len(second) if second else None
    difference = mean_b - mean_a if mean_a is not None and mean_b is not None else None
    if difference is None and corpus_a is not None and corpus_b is not None:
        difference = corpus_b - corpus_a
    direction = a.fact(name, "direction") or b.fact(name, "direction")
    options = _options(name, a, b)
    return Comparison(
        metric=name,
        direction=direction,
        num_paired=len(shared),
        num_only_a=len(scores_a) - len(shared),
        num_only_b=len(scores_b) - len(shared),
        mean_a=mean_a,
        mean_b=mean_b,
        difference=difference,
        interval=interval,
        corpus_a=corpus_a,
        corpus_b=corpus_b,
        verdict="not comparable" if options else _verdict(difference, interval, direction, len(shared)),
        notes=(*_left_out(len(scores_a) - len(shared), len(scores_b) - len(shared)), *options, *_weights(a, b)),
        dummy=any(r.dummy for run in (a, b) for r in [*(row[name] for row in run if name in row), *_corpus(name, run)]),
    )


def _corpus(name: str, run: EvalResults) -> list[Any]:
    return [run.corpus[name]] if name in run.corpus else []


def _scored_ids(run: EvalResults) -> list[str]:
    ids = run.sample_ids
    return [ids[i] for i in run.scored_positions]


def _scores(name: str, run: EvalResults) -> dict[str, float]:
    found = {}
    ids = run.sample_ids
    for position in run.scored_positions:
        result = run[position].get(name)
        if result is not None and result.score is not None:
            found[ids[position]] = result.score
    return found


def _verdict(difference: float | None, interval: Interval | None, direction: str | None, num_paired: int) -> Verdict:
    if difference is None:
        return "none"
    if interval is None:
        return "too few samples" if num_paired else "no interval"
    if not interval.excludes(0.0):
        return "no clear difference"
    is_higher = difference > 0
    if direction not in ("higher", "lower"):
        return "higher" if is_higher else "lower"
    return "better" if is_higher == (direction == "higher") else "worse"


def _left_out(only_a: int, only_b: int) -> tuple[str, ...]:
    return (f"left out: {only_a} samples scored in A alone, {only_b} in B alone",) if only_a or only_b else ()


def _options(name: str, a: EvalResults, b: EvalResults) -> tuple[str, ...]:
    """Options that differ: the scores are not of one scale then."""
    first, second = a.fact(name, "options"), b.fact(name, "options")
    if not (isinstance(first, Mapping) and isinstance(second, Mapping)):
        return ()
    differing = sorted(k for k in {*first, *second} if first.get(k) != second.get(k))
    pairs = ", ".join(f"{k} {first.get(k)} / {second.get(k)}" for k in differing)
    return (f"different options: {pairs}",) if differing else ()


def _weights(a: EvalResults, b: EvalResults) -> tuple[str, ...]:
    first, second = a.provenance.get("weights", {}), b.provenance.get("weights", {})
    changed = sorted(w for w in set(first) & set(second) if first[w] != second[w])
    return (f"different weights: {', '.join(changed)}",) if changed else ()
