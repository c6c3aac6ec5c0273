"""A whole stress experiment: the suite, its anchors if asked for, and what is written of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avmeter.engine.failures import never
from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.run import begin_run, prepare_run, write_run
from avmeter.sample import as_samples
from avmeter.stress.anchors import AnchorsResult, run_anchors
from avmeter.stress.fallbacks import FALLBACK_BACKBONE
from avmeter.stress.siren import render_siren
from avmeter.stress.suite import StressResult, run_stress
from avmeter.stress.variants import SEED_VARIANTS, Variant, variant_names, variants_of

CLIP_FOLDERS = ("clips", "anchors")
"""Subfolders of a run folder into which clips are written."""
_OTHER_FOLDER = "choose another folder with `--out`"


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Results of a stress experiment.

    Attributes:
        result: Variants by metrics, with verdicts.
        anchors: Floors and ceilings; None if they were not measured, or not all of them.
        fallbacks: Metrics that ran with `FALLBACK_BACKBONE` in place of their default.
    """

    result: StressResult
    anchors: AnchorsResult | None = None
    fallbacks: tuple[str, ...] = ()

    @property
    def fallback_note(self) -> str | None:
        """Which metrics ran with another backbone than the published one, as a sentence."""
        if not self.fallbacks:
            return None
        names = ", ".join(self.fallbacks)
        return f"Weights of the published backbone are not on this machine: {names} with {FALLBACK_BACKBONE}."

    @property
    def is_partial(self) -> bool:
        """True if the experiment was ended early."""
        return "partial" in self.result.results.provenance

    def write(self, folder: Path) -> None:
        """Write every single score as a run folder, and cells, verdicts and anchors as `stress.json`.

        That of an experiment which was ended early also has `partial` and the labels of what is `unfinished`.
        """
        content: dict[str, Any] = {"cells": _cells(self.result), "verdicts": _verdicts(self.result)}
        if self.is_partial:
            content |= {"partial": True, "unfinished": [v.label for v in self.result.unfinished]}
        if self.anchors is not None:
            content["anchors"] = _anchors(self.anchors)
        write_run(self.result.results, folder, stress=content)


def parse_variants(text: str, *, ladder: bool = False) -> list[Variant]:
    """Parse "seed", "all", or comma-separated names into variants; the original is always the first.

    Args:
        text: What to measure.
        ladder: Every dose of each damage instead of its default dose.

    Raises:
        UnknownNameError: No such variant.
    """
    sets = {"seed": list(SEED_VARIANTS), "all": variant_names()}
    names = sets.get(text) or [name.strip() for name in text.split(",") if name.strip()]
    return variants_of(["original", *names], ladder=ladder)


def run_experiment(
    samples: Sequence[Mapping[str, Any]],
    evaluator: Evaluator,
    folder: Path,
    *,
    variants: Sequence[Variant],
    unrelated: Path | None = None,
    anchors: bool = False,
    seed: int = 0,
    fallbacks: Sequence[str] = (),
    progress: Callable[[str], None] | None = None,
    should_stop: Callable[[], bool] = never,
) -> Experiment:
    """Run the stress suite, and with `anchors` floors and ceilings; clips are written into `folder`.

    Args:
        samples: Dicts with `video` or `audio`, and texts where known.
        evaluator: With the metrics to be judged.
        folder: Run folder.
        variants: What to measure.
        unrelated: Clip whose audio replaces the clips' own in "unrelated"; None renders a siren.
        anchors: Measure noise, silence, shuffled pairs and the truth as well.
        seed: Of all random damage.
        fallbacks: Metrics that `with_fallbacks` changed, for the record.
        progress: Called with the label of each variant before it is scored.
        should_stop: As for `run_stress`. Anchors that are not finished then are left out.

    Raises:
        UsageError: A clip is an array, or there is none; `folder` cannot be written or holds files of others; a clip
            of the set would be replaced by a variant. Nothing was computed then.
    """
    prepare_run(folder, clips=CLIP_FOLDERS, stress=True)
    _refuse_variants_of_the_run(samples, folder)
    begin_run(folder)
    result = run_stress(
        samples,
        evaluator,
        folder,
        variants=variants,
        unrelated=unrelated or render_siren(folder / "clips"),
        seed=seed,
        progress=progress,
        should_stop=should_stop,
    )
    found = None
    if anchors and not result.unfinished:
        own = [_as_own_truth(s) for s in samples]
        found = run_anchors(own, evaluator, folder, seed=seed, should_stop=should_stop)
        if found is None:
            notes = ["partial: floors and ceilings were not finished"]
            partial = {"partial": True, "num_finished": len(result.results), "notes": notes}
            result.results.provenance = {**result.results.provenance, **partial}
    return Experiment(result=result, anchors=found, fallbacks=tuple(fallbacks))


def _refuse_variants_of_the_run(samples: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Refuse clips that lie where the variants will be written.

    Raises:
        UsageError: There is one.
    """
    own = [(folder / name).resolve() for name in CLIP_FOLDERS]
    for path in (m.path for s in as_samples(samples) for m in s.media.values() if m.path is not None):
        try:
            is_own = any(path.resolve().is_relative_to(place) for place in own)
        except OSError:  # no file: the clip will be a skip
            continue
        if is_own:
            raise UsageError(f"{path} is a clip of the run in {folder}, which replaces it", hint=_OTHER_FOLDER)


def _as_own_truth(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the sample with itself as the reference, unless it has one."""
    if "reference" in sample or "reference_audio" in sample:
        return sample
    source = sample.get("video") or sample.get("video_path") or sample.get("audio")
    return {**sample, "reference_audio": source}


def _cells(result: StressResult) -> list[dict[str, Any]]:
    return [
        {
            "variant": v.label, "note": v.note, "metric": n, "score": c.score, "scores": dict(c.scores),
            "skip": str(c.skip.code) if c.skip else None, "reason": c.skip.reason if c.skip else None,
            "dummy": c.dummy, "carried": c.carried,
        }
        for v in result.variants for n in result.metrics for c in [result.cells[v.label, n]]
    ]  # fmt: skip


def _verdicts(result: StressResult) -> list[dict[str, Any]]:
    return [
        {
            "metric": v.expectation.metric, "variant": v.expectation.variant, "kind": v.expectation.kind,
            "kept": v.passed, "measured": v.measured, "reason": v.expectation.reason,
        }
        for v in result.verdicts
    ]  # fmt: skip


def _anchors(anchors: AnchorsResult) -> list[dict[str, Any]]:
    return [
        {
            "anchor": anchor, "metric": name, "clips": anchors.clip_scores[name], "score": a.score, "gap": a.gap,
            "standard_errors": a.standard_errors, "num_scored": a.num_scored,
            "skip": str(a.skip.code) if a.skip else None, "dummy": a.dummy, "carried": a.carried,
        }
        for (anchor, name), a in anchors.anchors.items()
    ]  # fmt: skip
