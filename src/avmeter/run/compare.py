"""Is one run better than another, sample by sample, and by more than chance?

The verdict is that of a sign-flip interval over the pairs (`avmeter.stats.sign_flip`): equal systems get "better" or
"worse" in at most one of twenty comparisons, whatever the distribution of the scores. It needs six pairs; below that
the verdict is "too few pairs". Pairs that share a prompt count as one (`avmeter.run.clusters`). Scores of whole sets
are judged by what each clip adds to them (`avmeter.run.corpus_difference`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from avmeter.caveats import CaveatCode
from avmeter.errors import UsageError
from avmeter.run.caveats import metric_caveats
from avmeter.run.corpus_difference import CorpusDifference, difference_interval
from avmeter.run.corpus_terms import is_mean_of_clips
from avmeter.run.grouping import Grouping
from avmeter.run.read import read_run
from avmeter.run.results import EvalResults
from avmeter.run.run_pair import Pairs, RunPair
from avmeter.stats.bootstrap import Interval
from avmeter.stats.sign_flip import fewest_pairs

Run = EvalResults | str | os.PathLike[str]
Verdict = Literal[
    "better", "worse", "higher", "lower", "no clear difference", "too few pairs", "no interval", "not comparable",
    "none",
]  # fmt: skip
JUDGED: frozenset[Verdict] = frozenset({"better", "worse", "higher", "lower", "no clear difference"})
"""Verdicts that say something about the systems; the others say why nothing can be said."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One metric of two runs, over the samples that both scored.

    Attributes:
        metric: Name.
        direction: "higher" or "lower" is better, "none" or unknown (None).
        num_paired: Samples with a score in both runs.
        num_only_a: Samples scored in run A alone; they take no part.
        num_only_b: Samples scored in run B alone; they take no part.
        mean_a: Mean of run A over the paired samples; None without any.
        mean_b: The same of run B.
        difference: mean_b - mean_a; for a metric of the corpus alone, the difference of the corpus scores.
        interval: 95% interval of the difference: sign-flip, or Student's t below six pairs, where it holds for normal
            differences only; for a metric of the corpus alone, from what each clip adds to it. None for one pair, and
            where the runs do not hold what clips add.
        corpus_a: Score of the corpus in run A; over the samples of both runs where `corpus_interval` is given.
        corpus_b: The same of run B.
        verdict: Of run B against run A: "better" or "worse" if the interval excludes 0 ("higher" or "lower" where no
            direction is good), else why nothing can be said: "too few pairs" below six, "not comparable" if the options
            or the weights of the metric differ, or are stand-ins in one run alone.
        corpus_difference: corpus_b - corpus_a, for metrics with a score of the corpus beside those of samples.
        corpus_interval: 95% interval of it, where the corpus score is a ratio of sums that the run holds.
        corpus_verdict: As `verdict`, for the corpus score; None without one beside those of samples.
        clusters: "10 by text_prompt", where pairs count together.
        notes: What makes the comparison doubtful.
        dummy: A score of either run was made with stand-in weights.
        run_a: Name of run A: that of its folder.
        run_b: The same of run B.
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
    corpus_difference: float | None = None
    corpus_interval: Interval | None = None
    corpus_verdict: Verdict | None = None
    clusters: str = ""
    notes: tuple[str, ...] = ()
    dummy: bool = False
    run_a: str = "A"
    run_b: str = "B"

    @property
    def is_judged(self) -> bool:
        """Whether either verdict says something about the systems."""
        return bool({self.verdict, self.corpus_verdict} & JUDGED)


def compare(run_a: Run, run_b: Run, *, cluster: str | None = None, confidence: float = 0.95) -> list[Comparison]:
    """Paired differences, run B minus run A, of every metric that both runs have.

    Samples are paired by id, and where ids differ by the extension alone, by name.

    Args:
        run_a: Results, or a run folder.
        run_b: The same; is better or worse than `run_a`.
        cluster: Column whose values say which samples count together, "id" for none; default is the one that either
            run was scored with, else `text_prompt` where samples share one.
        confidence: Of the intervals, between 0 and 1; higher where many pairs of systems are compared.

    Raises:
        UsageError: No metric or no sample is in both runs.
        UnknownNameError: No sample of either run has the column.
    """
    a, b = (run if isinstance(run, EvalResults) else read_run(run) for run in (run_a, run_b))
    names = [n for n in a.metric_names if n in set(b.metric_names)]
    if not names:
        raise UsageError(
            f"no metric is in both runs: {', '.join(a.metric_names)} and {', '.join(b.metric_names)}",
            hint="score both with the same metrics",
        )
    remembered = [c for run in (a, b) if (c := Grouping.read(run.provenance).cluster) is not None]
    column = cluster if cluster is not None else next(iter(remembered), None)
    pairing = RunPair.of(a, b, cluster=column, names=(_name(run_a, "A"), _name(run_b, "B")))
    return [_compare(name, pairing, confidence) for name in names]


def _name(run: Run, default: str) -> str:
    return default if isinstance(run, EvalResults) else (Path(run).resolve().name or default)


def _compare(name: str, pairing: RunPair, confidence: float) -> Comparison:
    a, b = pairing.a, pairing.b
    pairs = pairing.by_id(_scores(name, a), _scores(name, b))
    labels = pairing.cluster_labels(pairs.ids)
    interval = difference_interval([y - x for x, y in zip(pairs.a, pairs.b, strict=True)], None, labels, confidence)
    mean_a, mean_b = (math.fsum(scores) / len(scores) if scores else None for scores in (pairs.a, pairs.b))
    corpus = CorpusDifference.of(name, pairing, confidence=confidence)
    difference = corpus.difference if mean_a is None or mean_b is None else mean_b - mean_a
    direction = a.fact(name, "direction") or b.fact(name, "direction")
    options = (*_options(name, a, b), *_networks(name, pairing))
    has_samples = bool(pairs.ids)
    is_mean = all(is_mean_of_clips(run, name) for run in (a, b))
    has_both = has_samples and corpus.difference is not None and not is_mean
    if not has_samples:
        interval = corpus.interval
    verdict = _verdict(difference, interval, direction, is_paired=has_samples)
    corpus_verdict = _verdict(corpus.difference, corpus.interval, direction, is_paired=corpus.is_paired)
    clusters = "" if labels is None or pairing.clusters is None else _count(labels, pairing.clusters.column)
    too_few = [_too_few(len(pairs.ids), clusters, confidence)] if "too few pairs" in (verdict, corpus_verdict) else []
    return Comparison(
        metric=name,
        direction=direction,
        num_paired=len(pairs.ids),
        num_only_a=pairs.num_only_a,
        num_only_b=pairs.num_only_b,
        mean_a=mean_a,
        mean_b=mean_b,
        difference=difference,
        interval=interval,
        corpus_a=corpus.a,
        corpus_b=corpus.b,
        verdict="not comparable" if options else verdict,
        corpus_difference=corpus.difference if has_both else None,
        corpus_interval=corpus.interval if has_both else None,
        corpus_verdict=("not comparable" if options else corpus_verdict) if has_both else None,
        clusters=clusters,
        notes=(
            *too_few,
            *_left_out(pairs, pairing),
            *corpus.notes,
            *options,
            *_other_weights(name, a, b),
            *_caveats(name, pairing),
        ),
        dummy=_is_dummy(a, name) or _is_dummy(b, name),
        run_a=pairing.run_a,
        run_b=pairing.run_b,
    )


def _scores(name: str, run: EvalResults) -> dict[str, float]:
    found = {}
    ids = run.sample_ids
    for position in run.scored_positions:
        result = run[position].get(name)
        if result is not None and result.score is not None:
            found[ids[position]] = result.score
    return found


def _verdict(difference: float | None, interval: Interval | None, direction: str | None, *, is_paired: bool) -> Verdict:
    if difference is None:
        return "none"
    if interval is None or interval.method == "t":
        return "too few pairs" if is_paired else "no interval"
    if not interval.excludes(0.0):
        return "no clear difference"
    is_higher = difference > 0
    if direction not in ("higher", "lower"):
        return "higher" if is_higher else "lower"
    return "better" if is_higher == (direction == "higher") else "worse"


def _count(labels: Sequence[Hashable], column: str) -> str:
    return f"{len(set(labels))} by {column}"


def _left_out(pairs: Pairs, pairing: RunPair) -> tuple[str, ...]:
    if not pairs.num_only_a and not pairs.num_only_b:
        return ()
    return (
        f"left out: {pairs.num_only_a} samples scored in {pairing.run_a} alone, {pairs.num_only_b} in "
        f"{pairing.run_b} alone",
    )


def _options(name: str, a: EvalResults, b: EvalResults) -> tuple[str, ...]:
    """Options that differ: the scores are not of one scale then."""
    options_a, options_b = a.fact(name, "options"), b.fact(name, "options")
    if not (isinstance(options_a, Mapping) and isinstance(options_b, Mapping)):
        return ()
    differing = sorted(k for k in {*options_a, *options_b} if options_a.get(k) != options_b.get(k))
    pairs = ", ".join(f"{k} {options_a.get(k)} / {options_b.get(k)}" for k in differing)
    return (f"different options: {pairs}",) if differing else ()


def _networks(name: str, pairing: RunPair) -> tuple[str, ...]:
    """Networks of the metric that differ: the scores are not of one scale then, as with other options."""
    a, b = pairing.a, pairing.b
    if _is_dummy(a, name) != _is_dummy(b, name):
        return (f"stand-in weights in {pairing.run_a if _is_dummy(a, name) else pairing.run_b} alone",)
    changed = [w for w in _changed_weights(a, b) if w in _checkpoints(name, a, b)]
    return (f"different weights: {', '.join(changed)}",) if changed else ()


def _other_weights(name: str, a: EvalResults, b: EvalResults) -> tuple[str, ...]:
    """Weights that differ, and may be of the metric or not: runs that do not say which checkpoints are whose."""
    known = all(isinstance(run.fact(name, "checkpoints"), list) for run in (a, b))
    changed = [] if known else [w for w in _changed_weights(a, b) if w not in _checkpoints(name, a, b)]
    return (f"different weights: {', '.join(changed)}",) if changed else ()


def _is_dummy(run: EvalResults, name: str) -> bool:
    return any(r.dummy for row in (*run, run.corpus) if (r := row.get(name)) is not None)


def _changed_weights(a: EvalResults, b: EvalResults) -> list[str]:
    weights_a, weights_b = a.provenance.get("weights", {}), b.provenance.get("weights", {})
    return sorted(w for w in set(weights_a) & set(weights_b) if weights_a[w] != weights_b[w])


def _checkpoints(name: str, a: EvalResults, b: EvalResults) -> set[str]:
    return {w for run in (a, b) if isinstance(found := run.fact(name, "checkpoints"), list) for w in map(str, found)}


def _caveats(name: str, pairing: RunPair) -> list[str]:
    """Return what changes the meaning of either run's scores; what is the same of both is said once."""
    of_a, of_b = (
        [
            c.text
            for c in metric_caveats(run, name, run.scored_positions)
            if c.code is not CaveatCode.STAND_IN_WEIGHTS  # marked beside the name
        ]
        for run in (pairing.a, pairing.b)
    )
    return [
        *(text for text in of_a if text in of_b),
        *(f"{pairing.run_a}: {text}" for text in of_a if text not in of_b),
        *(f"{pairing.run_b}: {text}" for text in of_b if text not in of_a),
    ]


def _too_few(num_pairs: int, clusters: str, confidence: float) -> str:
    counted = f"{num_pairs} pairs" + (f", which count as {clusters} (--cluster id: each by itself)" if clusters else "")
    return f"{counted}: a verdict needs {fewest_pairs(confidence)}, since fewer differ as clearly by chance alone"
