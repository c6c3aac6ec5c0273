"""Corpus scores of two runs: their difference, and its interval where the runs hold what it takes.

A score that is a ratio of sums is taken over the clips of both runs, and its pairs are flipped. A score of a set, such
as a Fréchet distance, is that of either whole set; what each clip adds to it (`clip_influences`) gives the interval.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from avmeter.metrics.details import CLIP_INFLUENCES, REFERENCE_SPREAD
from avmeter.result import MetricResult
from avmeter.run.corpus_terms import Terms, corpus_terms, ratio_of
from avmeter.run.results import EvalResults
from avmeter.run.run_pair import RunPair
from avmeter.stats.bootstrap import Interval, ratio_interval
from avmeter.stats.influence_interval import FEWEST_TERMS, influence_interval
from avmeter.stats.sign_flip import paired_interval

NO_INFLUENCES = "no interval: a score of the whole set, of which the runs do not hold what each clip adds to it"
_TOO_FEW_CLIPS = f"no interval: fewer than {FEWEST_TERMS} clips, or clusters of clips, do not show how they spread"
_REFERENCE_TOLERANCE = 0.01  # other precisions and machines stay far below
_SMALL_SETS = (
    "fewer embeddings than dimensions: the difference is that of sets of this size, in which a generator of less "
    "variety scores better for its smaller bias"
)


@dataclass(frozen=True, kw_only=True)
class CorpusDifference:
    """Corpus scores of both runs, over their common samples where that can be computed.

    Attributes:
        a: Score in run A; None without one.
        b: The same of run B.
        interval: Of their difference.
        is_paired: The scores are over the samples of both runs.
        notes: What makes the comparison doubtful.
    """

    a: float | None
    b: float | None
    interval: Interval | None = None
    is_paired: bool = False
    notes: tuple[str, ...] = ()

    @property
    def difference(self) -> float | None:
        """B minus A; None where either has no score."""
        return None if self.a is None or self.b is None else self.b - self.a

    @classmethod
    def of(cls, name: str, pairing: RunPair, *, confidence: float) -> CorpusDifference:
        """Compare the corpus scores of a metric.

        Args:
            name: Of the metric.
            pairing: The runs.
            confidence: Of the interval.
        """
        a, b = (run.corpus.get(name) for run in (pairing.a, pairing.b))
        if a is None or b is None or a.score is None or b.score is None:
            return cls(a=a.score if a else None, b=b.score if b else None)
        terms_a, terms_b = (corpus_terms(run, name) for run in (pairing.a, pairing.b))
        if terms_a is None or terms_b is None:
            return _of_sets(a, b, pairing, confidence)
        sums = _of_sums(_named(pairing.a, terms_a), _named(pairing.b, terms_b), pairing, confidence)
        return sums if sums.a is not None and sums.b is not None else cls(a=a.score, b=b.score, notes=sums.notes)


def difference_interval(
    differences: Sequence[float],
    denominators: Sequence[float] | None,
    labels: Sequence[Hashable] | None,
    confidence: float,
) -> Interval | None:
    """Return the sign-flip interval; below six pairs Student's, which has no width where all differences are equal.

    Args:
        differences: Of each pair.
        denominators: Of each pair; None is 1 each.
        labels: Cluster of each pair; None is each alone.
        confidence: Of the interval.
    """
    if not differences:
        return None
    interval = paired_interval(differences, denominators, clusters=labels, confidence=confidence)
    if interval is not None:
        return interval
    below = denominators if denominators is not None else [1.0] * len(differences)
    interval = ratio_interval(differences, below, clusters=labels, method="t", confidence=confidence)
    return None if interval is None or math.isclose(interval.low, interval.high, abs_tol=1e-12) else interval


def _of_sums(
    terms_a: Mapping[str, Terms], terms_b: Mapping[str, Terms], pairing: RunPair, confidence: float
) -> CorpusDifference:
    pairs = pairing.by_id(terms_a, terms_b)
    same = [i for i, (x, y) in enumerate(zip(pairs.a, pairs.b, strict=True)) if x.denominator == y.denominator]
    a, b = ([side[i] for i in same] for side in (pairs.a, pairs.b))
    num_other = len(pairs.ids) - len(same)
    notes = (f"corpus: {num_other} samples have other reference texts in the two runs and take no part",)
    rate_a, rate_b = ratio_of(a), ratio_of(b)
    if rate_a is None or rate_b is None:
        return CorpusDifference(a=None, b=None, notes=notes)
    interval = difference_interval(
        [y.numerator - x.numerator for x, y in zip(a, b, strict=True)],
        [x.denominator for x in a],
        pairing.cluster_labels([pairs.ids[i] for i in same]),
        confidence,
    )
    return CorpusDifference(a=rate_a, b=rate_b, interval=interval, is_paired=True, notes=notes if num_other else ())


def _of_sets(a: MetricResult, b: MetricResult, pairing: RunPair, confidence: float) -> CorpusDifference:
    assert a.score is not None
    assert b.score is not None
    whole = CorpusDifference(a=a.score, b=b.score)
    added_a, added_b = (_influences(result) for result in (a, b))
    if added_a is None or added_b is None:
        return replace(whole, notes=(NO_INFLUENCES,))
    dims = [r.details.get("dim") for r in (a, b)]
    if dims[0] != dims[1]:
        return replace(whole, notes=(f"no interval: embeddings of {dims[0]} and of {dims[1]} dimensions",))
    if _differ_in_reference(a, b):
        return replace(whole, notes=("no interval: the two runs have other reference sets",))
    bias, unlike = _bias_of_sizes(a, b)
    if bias is None:
        return replace(whole, notes=(f"no interval: {unlike}, and nobody knows by how much",))
    renamed = {pairing.partners.get(i, i): value for i, value in added_b.items()}
    interval = influence_interval(
        b.score - a.score,
        candidate=renamed,
        baseline=added_a,
        clusters=None if pairing.clusters is None else pairing.clusters.by_id,
        confidence=confidence,
    )
    if interval is None:
        return replace(whole, notes=(_TOO_FEW_CLIPS,))
    widened = replace(interval, low=interval.low - max(bias, 0.0), high=interval.high - min(bias, 0.0))
    notes = [_how(interval, len(added_a.keys() & renamed.keys()), pairing)]
    notes += [f"{unlike}, by {bias:+.4g} in B, by which the interval is wider"] if unlike else []
    notes += [_SMALL_SETS] if any(r.details.get("n_gen", 0) <= r.details.get("dim", 0) for r in (a, b)) else []
    return replace(whole, interval=widened, notes=tuple(notes))


def _influences(result: MetricResult) -> dict[str, float] | None:
    """Return clip -> what it adds to a score; None where that is not in the run."""
    found = result.details.get(CLIP_INFLUENCES)
    if not isinstance(found, Mapping) or not found:
        return None
    return dict(found) if all(isinstance(v, float) and math.isfinite(v) for v in found.values()) else None


def _differ_in_reference(a: MetricResult, b: MetricResult) -> bool:
    """Return True if the reference sets are not one; False too where a run does not say what its own is like."""
    spreads = [r.details.get(REFERENCE_SPREAD) for r in (a, b)]
    if not all(isinstance(s, list) and all(isinstance(v, float) for v in s) for s in spreads):
        return False
    return any(not math.isclose(x, y, rel_tol=_REFERENCE_TOLERANCE) for x, y in zip(*spreads, strict=False))


def _how(interval: Interval, num_shared: int, pairing: RunPair) -> str:
    clusters = ""
    if interval.num_clusters is not None and pairing.clusters is not None:
        clusters = f", {interval.num_clusters} by {pairing.clusters.column}"
    return (
        f"interval from what each clip adds to the score ({interval.count} clips, {num_shared} of them in both runs"
        f"{clusters}); the reference set is taken as it is"
    )


def _bias_of_sizes(a: MetricResult, b: MetricResult) -> tuple[float | None, str]:
    """Return how much more of the score of B than of A is bias for the sizes of their sets, and a sentence.

    0 and no sentence where the sizes are equal; None where they are not and the bias is not known.
    """
    sizes = [(r.details.get("n_gen"), r.details.get("n_ref")) for r in (a, b)]
    if sizes[0] == sizes[1]:
        return 0.0, ""
    words = " and ".join(f"{n_gen} against {n_ref}" for n_gen, n_ref in sizes)
    unlike = f"sets of other sizes ({words} embeddings), whose biases differ"
    bias_a, bias_b = (r.details.get("expected_bias") for r in (a, b))
    if not isinstance(bias_a, float) or not isinstance(bias_b, float) or not math.isfinite(bias_b - bias_a):
        return None, unlike
    return bias_b - bias_a, unlike


def _named(run: EvalResults, terms: Mapping[int, Terms]) -> dict[str, Terms]:
    ids = run.sample_ids
    return {ids[i]: t for i, t in terms.items()}
