"""FastVideo's validation callback, scored by avmeter: one line in the YAML of a training.

callbacks:
  validation:
    _target_: avmeter.fastvideo.callbacks.validation.ValidationCallback
    metrics: {names: [audio], loader_threads: 4}

All other keys, the order of what ranks send to rank 0, the tracker's names and the JSON files stay FastVideo's. What
differs: metrics of a corpus are computed over the clips of all ranks, where FastVideo takes the mean over ranks; those
that have scores of clips as well have the corpus beside their mean, as `PREFIX/METRIC/corpus`. A clip on which a metric
fails, and weights that are not there, are among the `errors` of the rank, and the other scores stand.
"""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from avmeter.engine.executors.part import PartialRun
from avmeter.errors import MissingDependencyError
from avmeter.fastvideo.callbacks.faults import faults_of, silent_metrics
from avmeter.fastvideo.callbacks.sending import sendable
from avmeter.fastvideo.evaluator import Evaluator
from avmeter.fastvideo.io.inputs import samples_from
from avmeter.result import MetricResult
from avmeter.run import EvalResults

if TYPE_CHECKING:
    ValidationCallback: type

_PUBLISHED = "fastvideo.train.callbacks.validation"
_CORPUS = "<corpus>"
logger = logging.getLogger("avmeter")


@dataclass(kw_only=True)
class ValidationStats:
    """What a rank sends to rank 0; its fields up to `errors` are FastVideo's.

    Attributes:
        sums: Name -> sum of the values.
        counts: Name -> how many values.
        per_video: Path and values of each clip.
        errors: Sentences.
        parts: What metrics have collected, of each rank.
    """

    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, float] = field(default_factory=dict)
    per_video: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    parts: list[PartialRun] = field(default_factory=list)


class ValidationHooks:
    """The methods of FastVideo's callback that score, merge and log; `ValidationCallback` has the others."""

    metrics_config: Any
    tracker: Any
    global_rank: int
    _metric_evaluator: Evaluator | None

    def _get_metric_evaluator(self) -> Evaluator:
        if self._metric_evaluator is None:
            config = self.metrics_config
            self._metric_evaluator = Evaluator(
                metrics=config.names,
                device=self._metric_device(),  # type: ignore[attr-defined]
                loader_threads=config.loader_threads,
                skip_missing_deps=config.skip_missing_deps,
            )
        return self._metric_evaluator

    def _evaluate_validation_metrics(
        self,
        *,
        video_filenames: list[str],
        captions: list[str],
        ref_videos: list[str | None],
        actions: list[dict[str, Any] | None],
        mouse_pitch_signs: list[int | None],
        fps: int,
        output_dir: str,
        step: int,
        num_inference_steps: int,
    ) -> ValidationStats:
        """Score the clips of this rank, and write its JSON file."""
        stats = ValidationStats()
        if not self.metrics_config.enabled or not video_filenames:
            return stats
        base: Any = self
        try:
            samples = samples_from(
                video=video_filenames,
                reference=base._available_paths(ref_videos),
                text_prompts=captions,
                fps=float(fps),
                extras=base._validation_metric_extras(
                    video_filenames=video_filenames, actions=actions, mouse_pitch_signs=mouse_pitch_signs
                ),
            )
            evaluator = self._get_metric_evaluator()
            part = evaluator.evaluate_part(samples)
            results = evaluator.merge([part])
            self._accumulate(stats, results, video_filenames)
            stats.parts.append(part if self.global_rank == 0 else sendable(part))
            stats.errors.extend(faults_of(results))
        except Exception as error:
            message = f"Validation metric evaluation failed on rank {self.global_rank}: {error}"
            logger.exception(message)
            stats.errors.append(message)
            if self.metrics_config.strict:
                raise
        finally:
            if self._metric_evaluator is not None:
                self._metric_evaluator.release_cuda_memory()
        base._write_metric_summary(stats, output_dir=output_dir, step=step, num_inference_steps=num_inference_steps)
        return stats

    @staticmethod
    def _merge_metric_stats(stats: ValidationStats, other: ValidationStats) -> None:
        """Take in what another rank has sent; sums of parts are made anew over all of them when they are logged."""
        for all_of, own in ((stats.sums, other.sums), (stats.counts, other.counts)):
            all_of.update({key: all_of.get(key, 0.0) + value for key, value in own.items()})
        stats.per_video.extend(other.per_video)
        stats.errors.extend(error for error in other.errors if error not in stats.errors)
        if isinstance(other, ValidationStats):
            stats.parts.extend(other.parts)

    def _log_validation_metrics(self, stats: ValidationStats, *, step: int) -> None:
        """Log means over the clips of all ranks, and corpora over all of them; and why a metric has neither."""
        merged = stats
        if stats.parts:
            try:
                results = self._get_metric_evaluator().merge(stats.parts)
                merged = ValidationStats(errors=stats.errors)
                self._accumulate(merged, results, results.sample_ids)
                merged.errors.extend(fault for fault in faults_of(results) if fault not in merged.errors)
                for reason in silent_metrics(results):
                    logger.warning("validation: no value of %s", reason)
            except Exception as error:
                logger.exception("the parts of the ranks could not be merged; logged are means over ranks")
                merged = replace(stats, errors=[*stats.errors, f"merging the parts of the ranks failed: {error}"])
        super()._log_validation_metrics(merged, step=step)  # type: ignore[misc]

    def _accumulate(self, stats: ValidationStats, results: EvalResults, names: Sequence[str]) -> None:
        base: Any = self
        entries: list[tuple[str, Mapping[str, MetricResult]]] = list(zip(names, results, strict=True))
        of_clips = {name for row in results for name in row}
        corpus = {f"{name}.corpus" if name in of_clips else name: found for name, found in results.corpus.items()}
        for path, row in [*entries, *((_CORPUS, {name: found}) for name, found in corpus.items())]:
            values = {"path": path}
            base._accumulate_metric_results(stats, values, row)
            stats.per_video.append(values)


@functools.cache
def _callback_class() -> type:
    try:
        published = importlib.import_module(_PUBLISHED)
    except ImportError as error:
        raise MissingDependencyError(
            "this callback needs FastVideo, whose training calls it", hint="install FastVideo from its repository"
        ) from error
    return type("ValidationCallback", (ValidationHooks, published.ValidationCallback), {"__module__": __name__})


def __getattr__(name: str) -> Any:
    """Make `ValidationCallback` when it is asked for: its base is FastVideo's own class."""
    if name == "ValidationCallback":
        return _callback_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
