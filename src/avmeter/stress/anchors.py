"""Floors and ceilings: scores of silence, noise, a shuffled pairing and the reference in the same protocol.

A score alone says little: "is it better than noise?" is answered by measuring noise.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avmeter.engine.failures import never
from avmeter.errors import SkipError, UsageError
from avmeter.evaluator import Evaluator
from avmeter.files import add_to_list
from avmeter.media import AudioSpec, MediaLimits, open_media
from avmeter.media.write import write_audio
from avmeter.result import MetricResult, Skip
from avmeter.run import EvalResults
from avmeter.sample import MediaSource, Sample, as_samples

ANCHORS = {
    "truth": "the reference itself, measured as if it had been generated",
    "shuffled": "each clip with the sound of another clip of the set, drawn at random",
    "noise": "white noise of the clip's own level and length",
    "silence": "silence of the clip's own length",
}
"""Anchor -> what it is."""


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
    """

    score: float | None
    gap: float | None
    standard_errors: float | None
    num_scored: int
    skip: Skip | None = None
    dummy: bool = False


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
        stand_ins = [s for s in _stand_ins(anchor, clips, target, seed, evaluator.limits) if s is not None]
        scored = [*stand_ins, *context]
        results = _evaluated(evaluator, scored, names, should_stop) if stand_ins else EvalResults()
        measured = _Scores.of(stand_ins, results)
        for name, direction in directions.items():
            anchors[anchor, name] = _anchor(name, direction, clips=own, anchor=measured)
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

    def headline(self, name: str) -> float | None:
        """Return the mean over the clips, or the corpus score; None where there is neither."""
        if name in self.by_clip:
            return float(np.mean(list(self.by_clip[name].values())))
        return self.results.corpus[name].score if name in self.results.corpus else None

    def of_metric(self, name: str) -> list[MetricResult]:
        """Return every result of a metric, that of the corpus last."""
        found = [row[name] for row in self.results if name in row]
        return [*found, self.results.corpus[name]] if name in self.results.corpus else found


def _evaluated(
    evaluator: Evaluator, samples: Sequence[Sample], names: Sequence[str], should_stop: Callable[[], bool]
) -> EvalResults:
    with warnings.catch_warnings():
        # The truth is its own reference, on purpose.
        warnings.filterwarnings("ignore", message=".*their own reference")
        return evaluator.evaluate(samples=samples, metrics=names, should_stop=should_stop)


def _stand_ins(
    anchor: str, clips: Sequence[Sample], folder: Path, seed: int, limits: MediaLimits
) -> list[Sample | None]:
    if anchor == "truth":
        return [_truth(clip) for clip in clips]
    if anchor == "shuffled":
        return _shuffled(clips, seed)
    make: Callable[[np.ndarray, np.random.Generator], np.ndarray] = _noise if anchor == "noise" else _nothing
    return [_instead(clip, anchor, make, folder, seed=seed + i, limits=limits) for i, clip in enumerate(clips)]


def _truth(clip: Sample) -> Sample | None:
    audio, video = clip.source("reference_audio"), clip.media.get("reference") or clip.media.get("video")
    if audio is None:
        return None
    return _with_media(clip, {"audio": audio, **({"video": video} if video else {})})


def _shuffled(clips: Sequence[Sample], seed: int) -> list[Sample | None]:
    """Pair every clip with the audio of another: a random cycle through the set, so that none keeps its own."""
    if len(clips) < 2:
        return [None] * len(clips)
    order = np.random.default_rng(seed).permutation(len(clips))
    donors = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
    return [_with_audio(clip, clips[donors[i]].source("audio")) for i, clip in enumerate(clips)]


def _instead(
    clip: Sample,
    anchor: str,
    make: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    folder: Path,
    *,
    seed: int,
    limits: MediaLimits,
) -> Sample | None:
    source = clip.source("audio")
    if source is None:
        return None
    try:
        with open_media(source, limits=limits) as item:
            wave = np.asarray(item.audio(AudioSpec(sample_rate=None))[:], np.float32)
            rate = item.audio_facts.sample_rate
    except SkipError:
        return None
    mark = hashlib.sha256(clip.id.encode()).hexdigest()[:16]
    path = write_audio(
        add_to_list(folder / f"{anchor}-{mark}.flac"), make(wave, np.random.default_rng(seed))[None], rate
    )
    return _with_audio(clip, MediaSource(path=path))


def _noise(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    level = float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)))) or 0.05
    return (rng.standard_normal(len(wave)) * level).astype(np.float32)


def _nothing(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.zeros_like(wave)


def _with_audio(clip: Sample, audio: MediaSource | None) -> Sample | None:
    return None if audio is None else _with_media(clip, {**clip.media, "audio": audio})


def _with_media(clip: Sample, media: Mapping[str, MediaSource]) -> Sample:
    sides = {k: v for k, v in clip.media.items() if k.startswith("reference")}
    return Sample(id=clip.id, media={**sides, **media}, texts=clip.texts, fps=clip.fps, extras=clip.extras)


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
    gap = "" if anchor.standard_errors is None else f" ({anchor.standard_errors:+.1f} SE)"
    return f"{anchor.score:.3g}{gap}{' [dummy]' if anchor.dummy else ''}"


def skipped_everywhere(result: AnchorsResult) -> list[str]:
    """Return the metrics that scored neither the clips nor an anchor."""
    return [
        n
        for n in result.metrics
        if result.clip_scores[n] is None and all(result.anchors[a, n].score is None for a in result.notes)
    ]
