"""The stress suite: known damage in, measured reaction out, and a verdict on each promise of each metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avmeter.errors import StatsError, UsageError
from avmeter.evaluator import Evaluator
from avmeter.metrics.base import CorpusMetric
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.sample import Sample, as_samples
from avmeter.stats.rank import spearman_correlation
from avmeter.stress.expectations import Expectation, load_expectations
from avmeter.stress.variants import Variant, build_variant, variants_of

_MONOTONE_ABOVE = 0.79


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one metric says of one variant, over all clips.

    Attributes:
        score: Mean over scored clips (or the corpus score); None when none was.
        scores: Clip -> score, of the clips that have one.
        num_clips: Clips given.
        skip: Why there is no score, of the first clip without.
        dummy: Made with stand-in weights.
    """

    score: float | None
    scores: Mapping[str, float]
    num_clips: int
    skip: Skip | None
    dummy: bool


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a promise was kept; `kept` is None when it could not be tested."""

    expectation: Expectation
    kept: bool | None
    measured: str


@dataclass(frozen=True, kw_only=True)
class StressResult:
    """The table of a stress run: variants by metrics.

    Attributes:
        variants: Rows, in order.
        metrics: Metric name -> direction; columns, in order.
        cells: (variant label, metric) -> what was measured.
        verdicts: One for each expectation that concerns these metrics and variants.
        results: Every single score, as a run.
    """

    variants: tuple[Variant, ...]
    metrics: Mapping[str, str]
    cells: Mapping[tuple[str, str], Cell]
    verdicts: tuple[Verdict, ...]
    results: EvalResults


def run_stress(
    clips: Sequence[Mapping[str, Any]],
    evaluator: Evaluator,
    folder: Path,
    *,
    variants: Sequence[Variant] | None = None,
    unrelated: Path | None = None,
    metrics: Sequence[str] | None = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> StressResult:
    """Build variants of clips, score them all, and judge the metrics.

    The original clip is the reference of its variants, where a metric wants one.

    Args:
        clips: Samples with `video` or `audio`, and texts where known.
        evaluator: With the metrics to be judged.
        folder: Where the variants are written (`folder/clips`).
        variants: Default: the nine of the first published experiment.
        unrelated: Clip whose sound replaces that of a single clip; several clips exchange theirs.
        metrics: Only these of the evaluator's.
        seed: Of all random damage.
        progress: Called with the label of each variant before it is scored.

    Raises:
        UsageError: A clip is given as an array, or none is given.
        MediaError: A clip cannot be decoded.
    """
    chosen = list(variants) if variants is not None else variants_of(_seed_names())
    originals = as_samples(clips)
    if not originals:
        raise UsageError("no clips to damage")
    target = folder / "clips"
    target.mkdir(parents=True, exist_ok=True)
    names = list(metrics) if metrics is not None else evaluator.metric_names
    cells: dict[tuple[str, str], Cell] = {}
    rows: list[dict[str, MetricResult]] = []
    samples: list[Sample] = []
    provenance: dict[str, Any] = {}
    for variant in chosen:
        if progress is not None:
            progress(variant.label)
        damaged = as_samples(_damaged(originals, variant, target, unrelated, seed))
        results = evaluator.evaluate(samples=damaged, metrics=names)
        for name in names:
            cells[variant.label, name] = _cell(name, evaluator, originals, results)
        rows.extend(results)
        samples.extend(damaged)
        provenance = results.provenance
    return StressResult(
        variants=tuple(chosen),
        metrics={n: evaluator.metrics[n].direction for n in names},
        cells=cells,
        verdicts=tuple(_verdicts(chosen, {n: evaluator.metrics[n].direction for n in names}, cells)),
        results=EvalResults(rows, {}, samples=samples, provenance=provenance),
    )


def _seed_names() -> Sequence[str]:
    from avmeter.stress.variants import SEED_VARIANTS

    return SEED_VARIANTS


def _damaged(
    originals: Sequence[Sample], variant: Variant, folder: Path, unrelated: Path | None, seed: int
) -> list[dict[str, Any]]:
    paths = [_path_of(sample) for sample in originals]
    damaged = []
    for i, (sample, path) in enumerate(zip(originals, paths, strict=True)):
        other = paths[(i + 1) % len(paths)] if len(paths) > 1 else unrelated
        made = build_variant(variant, path, folder, other=other, seed=seed)
        has_picture = "video" in sample.media
        row: dict[str, Any] = {
            **{k: v for k, v in sample.original.items() if k not in ("audio", "video", "video_path", "reference")},
            "id": f"{sample.id}--{variant.slug}",
            ("video" if has_picture else "audio"): str(made),
            "reference_audio": str(path),
        }
        damaged.append(row)
    return damaged


def _path_of(sample: Sample) -> Path:
    source = sample.source("video") or sample.source("audio")
    if source is None or source.path is None:
        raise UsageError(
            f"{sample.id}: the stress suite damages files, not arrays", hint="give `video=` or `audio=` paths"
        )
    return source.path


def _cell(name: str, evaluator: Evaluator, originals: Sequence[Sample], results: EvalResults) -> Cell:
    metric = evaluator.metrics[name]
    if isinstance(metric, CorpusMetric) and not metric.per_sample:
        result = results.corpus[name]
        scores = {} if result.score is None else {"corpus": result.score}
        return Cell(score=result.score, scores=scores, num_clips=len(originals), skip=result.skip, dummy=result.dummy)
    found = [row[name] for row in results]
    scores = {s.id: r.score for s, r in zip(originals, found, strict=True) if r.score is not None}
    skip = next((r.skip for r in found if r.skip is not None), None)
    mean = float(np.mean(list(scores.values()))) if scores else None
    return Cell(score=mean, scores=scores, num_clips=len(found), skip=skip, dummy=any(r.dummy for r in found))


def _verdicts(
    variants: Sequence[Variant], metrics: Mapping[str, str], cells: Mapping[tuple[str, str], Cell]
) -> list[Verdict]:
    verdicts = []
    for expectation in load_expectations():
        ladder = [v for v in variants if v.name == expectation.variant]
        if expectation.metric in metrics and ladder:
            sign = -1.0 if metrics[expectation.metric] == "higher" else 1.0
            judge = _judge_ladder if expectation.kind == "monotone" else _judge_single
            verdicts.append(judge(expectation, ladder, sign, cells))
    return verdicts


def _judge_single(
    expectation: Expectation, ladder: Sequence[Variant], sign: float, cells: Mapping[tuple[str, str], Cell]
) -> Verdict:
    original = cells.get(("original", expectation.metric))
    damaged = cells[ladder[-1].label, expectation.metric]
    shared = [] if original is None else [k for k in damaged.scores if k in original.scores]
    if original is None or not shared or damaged.dummy:
        return Verdict(expectation=expectation, kept=None, measured=_why_not(original, damaged))
    changes = [damaged.scores[k] - original.scores[k] for k in shared]
    change = float(np.mean(changes))
    if expectation.kind == "invariant":
        kept = abs(change) <= expectation.tolerance
    else:
        kept = sign * change > 0 and sign * change >= expectation.tolerance
    return Verdict(expectation=expectation, kept=kept, measured=f"changed by {change:+.3g} (n = {len(shared)})")


def _judge_ladder(
    expectation: Expectation, ladder: Sequence[Variant], sign: float, cells: Mapping[tuple[str, str], Cell]
) -> Verdict:
    found = [cells[v.label, expectation.metric] for v in ladder]
    scores = [c.score for c in found if c.score is not None]
    if len(scores) < 3 or len(scores) < len(found) or any(c.dummy for c in found):
        reason = _why_not(None, found[0]) if not scores else f"{len(scores)} doses scored, needs 3 (`--ladder`)"
        return Verdict(expectation=expectation, kept=None, measured=reason)
    try:
        correlation = spearman_correlation(np.arange(len(scores)), sign * np.asarray(scores))
    except StatsError:
        return Verdict(expectation=expectation, kept=False, measured="does not change with the dose")
    return Verdict(
        expectation=expectation,
        kept=correlation >= _MONOTONE_ABOVE,
        measured=f"Spearman {correlation:+.2f} with the dose",
    )


def _why_not(original: Cell | None, damaged: Cell) -> str:
    if damaged.dummy:
        return "dummy weights"
    skip = damaged.skip or (original.skip if original else None)
    return f"skipped: {skip.code}" if skip else "no score to compare with"
