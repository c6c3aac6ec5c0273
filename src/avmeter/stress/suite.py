"""The stress suite: known damage in, measured reaction out, and a verdict on each expectation of each metric."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from avmeter.engine.failures import never, skip_of_failure
from avmeter.errors import SkipError, UsageError
from avmeter.evaluator import Evaluator
from avmeter.media import MediaLimits
from avmeter.metrics.base import CorpusMetric, Metric
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.sample import Sample, as_samples
from avmeter.stress.build import VariantClip, build_variant
from avmeter.stress.expectations import load_expectations
from avmeter.stress.inputs import reads_what_changes
from avmeter.stress.judge import Cell, Verdict, judge
from avmeter.stress.variants import SEED_VARIANTS, Variant, variants_of

_MEDIA_KEYS = frozenset({"audio", "video", "video_path", "reference", "reference_audio"})


@dataclass(frozen=True, kw_only=True)
class StressResult:
    """Table of a stress run: variants by metrics.

    Attributes:
        variants: Rows, in order.
        metrics: Metric name -> direction; columns, in order.
        cells: (variant label, metric) -> what was measured.
        verdicts: One for each expectation that concerns these metrics and variants.
        results: Every single score, in the form of a run.
        unfinished: Variants that a run which was asked to stop has not measured; they have no row, and no score.
    """

    variants: tuple[Variant, ...]
    metrics: Mapping[str, str]
    cells: Mapping[tuple[str, str], Cell]
    verdicts: tuple[Verdict, ...]
    results: EvalResults
    unfinished: tuple[Variant, ...] = ()

    @property
    def scored_metrics(self) -> list[str]:
        """Metrics that scored some variant."""
        return [n for n in self.metrics if any(self.cells[v.label, n].score is not None for v in self.variants)]

    def unscored(self) -> dict[str, Skip | None]:
        """Return metrics without any score -> the skip of the first variant."""
        known = set(self.scored_metrics)
        return {n: self.cells[self.variants[0].label, n].skip for n in self.metrics if n not in known}


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
    should_stop: Callable[[], bool] = never,
) -> StressResult:
    """Build variants of clips, score them all, and judge the metrics.

    The original clip is the reference of its variants, where a metric reads one. A metric that reads nothing of what a
    damage changes has the scores of the original there, and nothing is computed for it (`Cell.carried`). A clip that
    cannot be damaged in some way (no video, no text) is skipped by name in that variant alone. Word error rates are
    taken only where `reference_text` says what is spoken.

    Args:
        clips: Samples with `video` or `audio`, and texts where known.
        evaluator: With the metrics to be judged; with a store, what the variants share is computed once.
        folder: Where the variants are written (`folder/clips`).
        variants: What to measure; None for the nine of the first published experiment.
        unrelated: Clip from outside the set whose sound replaces the clips' own in "unrelated".
        metrics: Subset of the evaluator's metrics; None for all.
        seed: Seed of all random damage.
        progress: Called with the label of each variant before it is scored.
        should_stop: Called every now and then; once it returns True the result has the variants that are finished,
            and its provenance says `partial`.

    Raises:
        UsageError: A clip is an array, or there is no clip.
    """
    chosen = list(variants) if variants is not None else variants_of(SEED_VARIANTS)
    originals = _originals(clips)
    target = folder / "clips"
    target.mkdir(parents=True, exist_ok=True)
    names = list(metrics) if metrics is not None else evaluator.metric_names
    cells: dict[tuple[str, str], Cell] = {}
    rows: list[dict[str, MetricResult]] = []
    shown: list[Sample] = []
    provenance: dict[str, Any] = {}
    finished: list[Variant] = []
    original: EvalResults | None = None
    for variant in chosen:
        if should_stop():
            break
        if progress is not None:
            progress(variant.label)
        attempts = _attempts(
            variant,
            originals,
            target,
            unrelated=unrelated,
            seed=seed,
            limits=evaluator.limits,
            should_stop=should_stop,
        )
        carried = [] if original is None else _carried(names, evaluator.metrics, variant, attempts)
        results = _evaluate(attempts, evaluator, [n for n in names if n not in carried], should_stop)
        if should_stop():  # even where it came too late to matter: nobody can tell from the outside
            break
        finished.append(variant)
        if original is not None:
            results = _with_carried(results, original, names, carried, attempts)
        elif variant.kind == "original":
            original = results
        for name in names:
            cells[variant.label, name] = _cell(name, evaluator, originals, results, carried=name in carried)
        rows.extend(results)
        shown.extend(attempt.shown() for attempt in attempts)
        provenance = dict(results.provenance)
    directions = {n: evaluator.metrics[n].direction for n in names}
    if len(finished) < len(chosen):
        provenance |= _partial(len(finished), len(chosen), num_rows=len(rows))
    return StressResult(
        variants=tuple(finished),
        metrics=directions,
        cells=cells,
        verdicts=tuple(judge(load_expectations(), finished, directions, cells)),
        results=EvalResults(rows, {}, samples=shown, provenance={**provenance, "seed": seed}),
        unfinished=tuple(chosen[len(finished) :]),
    )


def _partial(num_finished: int, num_variants: int, *, num_rows: int) -> dict[str, Any]:
    """Return what the provenance says of a run that was ended early; every row that it has is finished."""
    note = f"partial: {num_finished} of {num_variants} variants were finished"
    return {"partial": True, "num_finished": num_rows, "notes": [note]}


@dataclass(frozen=True, kw_only=True)
class _Original:
    """A clip of the set: its sample, and the file that is damaged."""

    sample: Sample
    path: Path


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """A variant of one clip, or why the clip cannot be damaged in that way."""

    original: _Original
    variant: Variant
    built: VariantClip | Skip

    @property
    def details(self) -> dict[str, str]:
        """What was done, for the details of every result."""
        note = self.built.note if isinstance(self.built, VariantClip) else self.variant.note
        return {"variant": self.variant.label, "damage": note}

    def measured(self) -> Sample:
        """Return the sample as it is measured.

        What is not damaged is read from the original file, so that its features are computed once: the video where
        the audio is damaged, and the other way round. A variant has the clock of its source.
        """
        damaged = self._clip.path
        separate = {"audio": {"audio": damaged}, "video": {"video": damaged, "audio": self.original.path}}
        return self._sample({"video": self.original.path, **separate.get(self.variant.kind, {})})

    def shown(self) -> Sample:
        """Return the sample as a report shows it: one playable file."""
        return self._sample({"video": self._clip.path})

    @property
    def _clip(self) -> VariantClip:
        if isinstance(self.built, VariantClip):
            return self.built
        return VariantClip(path=self.original.path, note=self.variant.note)

    def _sample(self, files: Mapping[str, Path]) -> Sample:
        """Return the sample over the files of a video and its audio; of a clip without video, over its audio."""
        sample, path, built = self.original.sample, self.original.path, self._clip
        media = {"audio": str(built.path)}
        if "video" in sample.media:
            media = {**{k: str(p) for k, p in files.items()}, "reference": str(path)}
        rest = {k: v for k, v in sample.original.items() if k not in _MEDIA_KEYS}
        own = {"id": f"{sample.id}--{self.variant.slug}", "reference_audio": str(path)}
        return Sample.of({**rest, **built.texts, **media, **own})


def _originals(clips: Sequence[Mapping[str, Any]]) -> list[_Original]:
    samples = [s for s in as_samples(clips) if s.role == "generated"]
    if not samples:
        raise UsageError("no clips to damage", hint="give clips with video or audio")
    return [_Original(sample=s, path=_path_of(s)) for s in samples]


def _path_of(sample: Sample) -> Path:
    source = sample.source("video") or sample.source("audio")
    if source is not None and source.stored is not None:
        raise UsageError(
            f"{sample.id}: the stress suite damages files of this machine, and this one lies elsewhere",
            hint="copy some clips here, and give their folder",
        )
    if source is None or source.path is None:
        raise UsageError(
            f"{sample.id}: the stress suite damages files, not arrays", hint="give `video=` or `audio=` paths"
        )
    return source.path


def _attempts(
    variant: Variant,
    originals: Sequence[_Original],
    folder: Path,
    *,
    unrelated: Path | None,
    seed: int,
    limits: MediaLimits,
    should_stop: Callable[[], bool],
) -> list[_Attempt]:
    attempts: list[_Attempt] = []
    for i, original in enumerate(originals):
        if should_stop():
            break
        following = originals[(i + 1) % len(originals)].path if len(originals) > 1 else None
        other = unrelated if variant.name == "unrelated" else following
        built: VariantClip | Skip
        try:
            built = build_variant(
                variant,
                original.path,
                folder,
                texts=original.sample.texts,
                other=other,
                seed=seed,
                limits=limits,
                should_stop=should_stop,
            )
        except UsageError:
            raise
        except (SkipError, ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError) as error:
            # The others of the set are damaged and scored all the same.
            built = skip_of_failure(error, original.path)
        attempts.append(_Attempt(original=original, variant=variant, built=built))
    return attempts


def _carried(
    names: Sequence[str], metrics: Mapping[str, Metric], variant: Variant, attempts: Sequence[_Attempt]
) -> list[str]:
    """Return the metrics whose scores are those of the original: they read nothing that was changed.

    That of a set is computed anew where a clip of the set could not be damaged, and is missing.
    """
    is_whole = all(isinstance(attempt.built, VariantClip) for attempt in attempts)
    return [
        n
        for n in names
        if not reads_what_changes(metrics[n], variant) and (is_whole or not isinstance(metrics[n], CorpusMetric))
    ]


def _with_carried(
    results: EvalResults,
    original: EvalResults,
    names: Sequence[str],
    carried: Sequence[str],
    attempts: Sequence[_Attempt],
) -> EvalResults:
    """Return the results of a variant with those of the metrics that were carried over from the original."""
    rows: list[dict[str, MetricResult]] = []
    for attempt, row, before in zip(attempts, results, original, strict=True):
        details = {**attempt.details, "inputs": "as of the original"}
        for n in carried:
            if isinstance(attempt.built, Skip):
                row = {**row, n: MetricResult.skipped(n, attempt.built, details=attempt.details)}
            elif n in before:
                row = {**row, n: replace(before[n], details={**before[n].details, **details})}
        rows.append({n: row[n] for n in names if n in row})
    corpus = {**results.corpus, **{n: original.corpus[n] for n in carried if n in original.corpus}}
    known = {**original.provenance["metrics"], **results.provenance["metrics"]}
    return EvalResults(rows, corpus, provenance={**original.provenance, **results.provenance, "metrics": known})


def _evaluate(
    attempts: Sequence[_Attempt], evaluator: Evaluator, names: Sequence[str], should_stop: Callable[[], bool]
) -> EvalResults:
    """Return the results of all clips for one variant, in order, each with what was done in its details."""
    built = [i for i, attempt in enumerate(attempts) if isinstance(attempt.built, VariantClip)]
    rows: list[dict[str, MetricResult]] = [{} for _ in attempts]
    corpus: dict[str, MetricResult] = {}
    provenance: dict[str, Any] = {"metrics": {}}
    for group, samples in _groups(names, evaluator.metrics, [attempts[i].measured() for i in built]):
        if not samples:
            continue
        results = _evaluate_quietly(evaluator, samples, group, should_stop)
        for i, row in zip(built, results, strict=True):
            rows[i].update(row)
        corpus.update(results.corpus)
        known = {**provenance["metrics"], **results.provenance["metrics"]}
        provenance = {**results.provenance, "notes": [], "metrics": known}
    for i, attempt in enumerate(attempts):
        if isinstance(attempt.built, Skip):
            per_sample = [n for n in names if evaluator.metrics[n].per_sample]
            rows[i] = {n: MetricResult.skipped(n, attempt.built) for n in per_sample}
        rows[i] = {n: replace(r, details={**attempt.details, **r.details}) for n, r in rows[i].items()}
    for name in names:
        if name not in corpus and isinstance(evaluator.metrics[name], CorpusMetric):
            why = next((a.built for a in attempts if isinstance(a.built, Skip)), None)
            corpus[name] = MetricResult(name, None, skip=why)
    return EvalResults(rows, corpus, provenance=provenance)


def _evaluate_quietly(
    evaluator: Evaluator, samples: Sequence[Sample], names: Sequence[str], should_stop: Callable[[], bool]
) -> EvalResults:
    with warnings.catch_warnings():
        # The video of a variant is that of its reference, on purpose.
        warnings.filterwarnings("ignore", message=".*their own reference")
        return evaluator.evaluate(samples=samples, metrics=names, should_stop=should_stop)


def _groups(
    names: Sequence[str], metrics: Mapping[str, Metric], samples: Sequence[Sample]
) -> Iterable[tuple[list[str], list[Sample]]]:
    """Yield metrics with the samples that they read.

    Metrics of spoken words get samples without a prompt: a scene description says nothing about damaged speech.
    """
    spoken = [n for n in names if "reference_text" in metrics[n].requires]
    others = [n for n in names if n not in spoken]
    if others:
        yield others, list(samples)
    if spoken:
        yield spoken, [replace(s, texts={k: t for k, t in s.texts.items() if k != "text_prompt"}) for s in samples]


def _cell(
    name: str, evaluator: Evaluator, originals: Sequence[_Original], results: EvalResults, *, carried: bool
) -> Cell:
    metric = evaluator.metrics[name]
    if isinstance(metric, CorpusMetric) and not metric.per_sample:
        result = results.corpus[name]
        scores = {} if result.score is None else {"corpus": result.score}
        return Cell(
            score=result.score, scores=scores, num_clips=len(originals), skip=result.skip, dummy=result.dummy,
            corpus=True, carried=carried,
        )  # fmt: skip
    found = [row[name] for row in results]
    scores = {o.sample.id: r.score for o, r in zip(originals, found, strict=True) if r.score is not None}
    skip = next((r.skip for r in found if r.skip is not None), None)
    mean = float(np.mean(list(scores.values()))) if scores else None
    return Cell(
        score=mean, scores=scores, num_clips=len(found), skip=skip, dummy=any(r.dummy for r in found), carried=carried
    )
