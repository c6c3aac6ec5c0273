"""Floors and ceilings: scores of silence, noise, a shuffled pairing and the reference in the same protocol.

A score alone says little: "is it better than noise?" is answered by measuring noise.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from avmeter.engine.failures import never
from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.metrics.base import CorpusMetric, Metric
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.sample import Sample, as_samples
from avmeter.stress.inputs import reads_any_of
from avmeter.stress.stand_ins import changed_fields, make_stand_ins

ANCHORS = {
    "truth": "the reference itself, measured as if it had been generated",
    "shuffled": "each clip with the sound of another clip of the set, drawn at random",
    "noise": "white noise of the clip's own level and length",
    "silence": "silence of the clip's own length",
}
"""Anchor -> what it is."""
CARRIED = "="
"""In tables, in place of scores that are those of the clips themselves."""


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """Score of one metric for one anchor, compared with the clips themselves.

    Attributes:
        score: Mean over the clips (or the corpus score); None when nothing was scored.
        gap: Clips minus anchor over the clips that have both, signed so that above 0 the clips are better (for a
            metric without a better side: the plain difference); None without such clips.
        standard_errors: `gap` over its standard error; None for a corpus score, or fewer than two clips, or where
            all differences are equal.
        num_scored: Clips with a score.
        skip: Why there is no score.
        dummy: Made with stand-in weights.
        carried: The scores of the clips: the metric reads nothing that the anchor changes.
    """

    score: float | None
    gap: float | None
    standard_errors: float | None
    num_scored: int
    skip: Skip | None = None
    dummy: bool = False
    carried: bool = False


@dataclass(frozen=True, kw_only=True)
class AnchorsResult:
    """Scores of the clips, their floors and their ceilings.

    Attributes:
        metrics: Metric name -> direction.
        clip_scores: Metric -> score of the clips themselves.
        anchors: (anchor, metric) -> what it scored.
        notes: Anchor -> what it is.
    """

    metrics: Mapping[str, str]
    clip_scores: Mapping[str, float | None]
    anchors: Mapping[tuple[str, str], Anchor]
    notes: Mapping[str, str]

    def table(self) -> tuple[list[str], list[list[str | float | None]]]:
        """Return header and rows: a metric in each row; behind an anchor's score the gap in standard errors."""
        header = ["metric", "clips", *self.notes]
        rows: list[list[str | float | None]] = []
        for name, direction in self.metrics.items():
            arrow = {"higher": " ↑", "lower": " ↓"}.get(direction, "")
            cells = [_text(self.anchors[anchor, name]) for anchor in self.notes]
            rows.append([f"{name}{arrow}", self.clip_scores[name], *cells])
        return header, rows


def run_anchors(
    samples: Sequence[Mapping[str, Any] | Sample],
    evaluator: Evaluator,
    folder: Path,
    *,
    metrics: Sequence[str] | None = None,
    clip_results: EvalResults | None = None,
    seed: int = 0,
    should_stop: Callable[[], bool] = never,
) -> AnchorsResult | None:
    """Score floors and ceilings of a set in the protocol of the evaluator.

    A metric that reads nothing of what an anchor changes has the scores of the clips there, and nothing is computed
    for it (`Anchor.carried`).

    Args:
        samples: The set; samples with role "reference" are passed on unchanged.
        evaluator: Has the metrics.
        folder: Where noise and silence are written (`folder/anchors`).
        metrics: Subset of the evaluator's metrics; None for all.
        clip_results: Results of the set itself, if it was scored already.
        seed: Seed of the noise and of the pairing.
        should_stop: Called every now and then; once it returns True nothing more is scored.

    Returns:
        None if it was asked to stop before all was scored.

    Raises:
        UsageError: No clip to measure.
    """
    items = as_samples(samples)
    clips = [s for s in items if s.role == "generated"]
    context = [s for s in items if s.role == "reference"]
    if not clips:
        raise UsageError("no clips to compare with anchors")
    names = list(metrics) if metrics is not None else evaluator.metric_names
    results = clip_results if clip_results is not None else _evaluated(evaluator, items, names, should_stop)
    own = _Scores.of(items, results)
    target = folder / "anchors"
    target.mkdir(parents=True, exist_ok=True)
    directions = {n: evaluator.metrics[n].direction for n in names}
    anchors: dict[tuple[str, str], Anchor] = {}
    for anchor in ANCHORS:
        if should_stop():
            return None
        made = make_stand_ins(anchor, clips, target, seed=seed, limits=evaluator.limits)
        stand_ins = [s for s in made if s is not None]
        carried = _carried(evaluator.metrics, names, own, changed_fields(clips, made), num_missing=made.count(None))
        computed = [n for n in names if n not in carried]
        scored = [*stand_ins, *context]
        results = _evaluated(evaluator, scored, computed, should_stop) if stand_ins and computed else EvalResults()
        measured, as_clips = _Scores.of(stand_ins, results), own.of_clips({s.id for s in stand_ins})
        for name, direction in directions.items():
            is_carried = name in carried
            found = _anchor(name, direction, clips=own, anchor=as_clips if is_carried else measured)
            anchors[anchor, name] = replace(found, carried=is_carried)
    if should_stop():
        return None
    return AnchorsResult(
        metrics=directions,
        clip_scores={n: own.headline(n) for n in names},
        anchors=anchors,
        notes=dict(ANCHORS),
    )


@dataclass(frozen=True, kw_only=True)
class _Scores:
    """Results of one set of clips.

    Attributes:
        results: As the evaluator returned them.
        by_clip: Metric -> clip -> score, of the clips that have one.
    """

    results: EvalResults
    by_clip: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, samples: Sequence[Sample], results: EvalResults) -> _Scores:
        """Collect the scores of `samples`, which come first in the results."""
        found: dict[str, dict[str, float]] = {}
        for sample, row in zip(samples, results, strict=False):
            for name, result in row.items():
                if result.score is not None:
                    found.setdefault(name, {})[sample.id] = result.score
        return cls(results=results, by_clip=found)

    def of_clips(self, ids: Collection[str]) -> _Scores:
        """Return the scores of these clips alone; those of the set are those of the set."""
        kept = {n: {i: v for i, v in scores.items() if i in ids} for n, scores in self.by_clip.items()}
        return _Scores(results=self.results, by_clip={n: scores for n, scores in kept.items() if scores})

    def headline(self, name: str) -> float | None:
        """Return the mean over the clips, or the corpus score; None where there is neither."""
        if name in self.by_clip:
            return float(np.mean(list(self.by_clip[name].values())))
        return self.results.corpus[name].score if name in self.results.corpus else None

    def of_metric(self, name: str) -> list[MetricResult]:
        """Return every result of a metric, that of the corpus last."""
        found = [row[name] for row in self.results if name in row]
        return [*found, self.results.corpus[name]] if name in self.results.corpus else found


def _carried(
    metrics: Mapping[str, Metric], names: Sequence[str], own: _Scores, changed: Collection[str], *, num_missing: int
) -> frozenset[str]:
    """Return the metrics that read nothing that was changed; that of a set needs all its clips."""
    return frozenset(
        n
        for n in names
        if own.of_metric(n)
        and not reads_any_of(metrics[n], changed)
        and (not num_missing or not isinstance(metrics[n], CorpusMetric))
    )


def _evaluated(
    evaluator: Evaluator, samples: Sequence[Sample], names: Sequence[str], should_stop: Callable[[], bool]
) -> EvalResults:
    with warnings.catch_warnings():
        # The truth is its own reference, on purpose.
        warnings.filterwarnings("ignore", message=".*their own reference")
        return evaluator.evaluate(samples=samples, metrics=names, should_stop=should_stop)


def _anchor(name: str, direction: str, *, clips: _Scores, anchor: _Scores) -> Anchor:
    sign = -1.0 if direction == "lower" else 1.0
    score, clip_score = anchor.headline(name), clips.headline(name)
    dummy = any(r.dummy for r in anchor.of_metric(name))
    if score is None:
        skip = next((r.skip for r in anchor.of_metric(name) if r.skip is not None), None)
        return Anchor(score=None, gap=None, standard_errors=None, num_scored=0, skip=skip, dummy=dummy)
    if name not in anchor.by_clip:
        gap = None if clip_score is None else sign * (clip_score - score)
        return Anchor(score=score, gap=gap, standard_errors=None, num_scored=len(anchor.results), dummy=dummy)
    of_clips, of_anchor = clips.by_clip.get(name, {}), anchor.by_clip[name]
    shared = sorted(of_anchor.keys() & of_clips.keys())
    differences = np.array([sign * (of_clips[k] - of_anchor[k]) for k in shared])
    return Anchor(
        score=score,
        gap=float(differences.mean()) if shared else None,
        standard_errors=_in_standard_errors(differences),
        num_scored=len(of_anchor),
        dummy=dummy,
    )


def _in_standard_errors(differences: np.ndarray) -> float | None:
    if len(differences) < 2:
        return None
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return float(differences.mean()) / error if error > 1e-12 else None


def _text(anchor: Anchor) -> str:
    if anchor.score is None:
        return str(anchor.skip.code) if anchor.skip else "-"
    if anchor.carried:
        return CARRIED
    gap = "" if anchor.standard_errors is None else f" ({anchor.standard_errors:+.1f} SE)"
    return f"{anchor.score:.3g}{gap}{' [dummy]' if anchor.dummy else ''}"


def skipped_everywhere(result: AnchorsResult) -> list[str]:
    """Return the metrics that scored neither the clips nor an anchor."""
    return [
        n
        for n in result.metrics
        if result.clip_scores[n] is None and all(result.anchors[a, n].score is None for a in result.notes)
    ]
