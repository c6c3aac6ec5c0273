"""The demonstration: rendered clips, the published damages, and every metric that has weights here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from avmeter.demo.scenes import render_clips
from avmeter.engine.failures import never
from avmeter.evaluator import Evaluator
from avmeter.metrics.base import CorpusMetric, Metric
from avmeter.metrics.requirements import requirements_of
from avmeter.metrics.resolve import resolve_metrics
from avmeter.run import begin_run, prepare_run
from avmeter.stress.experiment import CLIP_FOLDERS, Experiment, parse_variants, run_experiment
from avmeter.stress.fallbacks import with_fallbacks
from avmeter.weights import WeightsSource


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What the demonstration measured, and what it could not.

    Attributes:
        experiment: The stress experiment over the rendered clips.
        num_clips: How many clips were rendered.
        without_weights: Metrics whose checkpoints are not on this machine.
        too_few_clips: Metrics that need more clips than were rendered.
    """

    experiment: Experiment
    num_clips: int
    without_weights: tuple[str, ...]
    too_few_clips: tuple[str, ...]


def run_demo(
    folder: Path, *, progress: Callable[[str], None] | None = None, should_stop: Callable[[], bool] = never
) -> Demo:
    """Render clips into `folder`, damage them in known ways, and score all; nothing is downloaded.

    Args:
        folder: Run folder to write.
        progress: Called with the label of each variant before it is scored.
        should_stop: As for `run_stress`.

    Raises:
        MissingDependencyError: espeak-ng is not installed.
        UsageError: `folder` cannot be written, or holds files of others.
    """
    prepare_run(folder, clips=("originals", *CLIP_FOLDERS), stress=True)
    begin_run(folder)
    samples = render_clips(folder / "originals")
    source = WeightsSource.parse("auto")
    options, changed = with_fallbacks("all", {}, source)
    metrics = resolve_metrics("all", options=options)
    without, too_few = _without_weights(metrics, source), _too_few_clips(metrics, len(samples))
    ready = [n for n in metrics if n not in without and n not in too_few]
    evaluator = Evaluator(ready, options={n: options[n] for n in ready if n in options}, store=folder / "store")
    try:
        experiment = run_experiment(
            samples,
            evaluator,
            folder,
            variants=parse_variants("seed"),
            fallbacks=[n for n in changed if n in ready],
            progress=progress,
            should_stop=should_stop,
        )
    finally:
        evaluator.shutdown()
    return Demo(
        experiment=experiment,
        num_clips=len(samples),
        without_weights=without,
        too_few_clips=tuple(n for n in too_few if n not in without),
    )


def _without_weights(metrics: Mapping[str, Metric], source: WeightsSource) -> tuple[str, ...]:
    return tuple(sorted(n for n, m in metrics.items() if requirements_of(m).missing_checkpoints(source)))


def _too_few_clips(metrics: Mapping[str, Metric], num_clips: int) -> tuple[str, ...]:
    return tuple(sorted(n for n, m in metrics.items() if isinstance(m, CorpusMetric) and m.min_samples > num_clips))
