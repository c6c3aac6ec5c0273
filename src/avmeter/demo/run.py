"""The demonstration: rendered clips, the published damages and a frozen picture, and metrics that have weights here.

It is over in two minutes on two cores. Networks over the frames of a clip alone would take that long each to say next
to nothing, for most of the damages are to sound: they are left out, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from avmeter.demo.scenes import render_clips
from avmeter.engine.failures import never
from avmeter.evaluator import Evaluator
from avmeter.metrics.base import CorpusMetric, Metric
from avmeter.metrics.reasons import names_by_reason
from avmeter.metrics.requirements import requirements_of
from avmeter.metrics.resolve import resolve_metrics
from avmeter.run import begin_run, prepare_run
from avmeter.stress.experiment import CLIP_FOLDERS, Experiment, parse_variants, run_experiment
from avmeter.stress.fallbacks import with_fallbacks
from avmeter.stress.inputs import reads_what_changes
from avmeter.stress.variants import SEED_VARIANTS, Variant
from avmeter.weights import WeightsSource

VARIANTS = (*SEED_VARIANTS, "frozen")
"""What is scored: the damages to sound of the first published experiment, and one to the picture."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What the demonstration measured, and what it could not.

    Attributes:
        experiment: The stress experiment over the rendered clips.
        num_clips: How many clips were rendered.
        without_weights: Metrics whose checkpoints are not on this machine.
        not_here: Metrics that stand on what is not in avmeter, or have nobody to ask.
        too_few_clips: Metrics that need more clips than were rendered.
        frame_networks: Metrics that run networks over frames, and read no sound.
    """

    experiment: Experiment
    num_clips: int
    without_weights: tuple[str, ...]
    not_here: tuple[str, ...]
    too_few_clips: tuple[str, ...]
    frame_networks: tuple[str, ...]

    @property
    def not_run(self) -> dict[str, str]:
        """Name of a metric that was not run -> why."""
        reasons = {
            "weights are not on this machine": self.without_weights,
            "they stand on networks that are not in avmeter, or ask a model at an endpoint": self.not_here,
            f"they need more than {self.num_clips} clips": self.too_few_clips,
            "networks over every frame take minutes, and only one damage is to the picture": self.frame_networks,
        }
        return {name: reason for reason, names in reasons.items() for name in names}

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was not run and why, a sentence for each reason."""
        grouped = names_by_reason(self.not_run)
        return tuple(f"not run, {reason}: {', '.join(names)}" for reason, names in grouped.items())


def run_demo(
    folder: Path, *, progress: Callable[[str], None] | None = None, should_stop: Callable[[], bool] = never
) -> Demo:
    """Render clips into `folder`, damage them in known ways, and score them; nothing is downloaded.

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
    over_frames, impossible = _over_frames(metrics), tuple(n for n, m in metrics.items() if m.obstacle() is not None)
    ready = [n for n in metrics if n not in {*without, *too_few, *over_frames, *impossible}]
    evaluator = Evaluator(ready, options={n: options[n] for n in ready if n in options}, store=folder / "store")
    try:
        experiment = run_experiment(
            samples,
            evaluator,
            folder,
            variants=parse_variants(",".join(VARIANTS)),
            fallbacks=[n for n in changed if n in ready],
            progress=progress,
            should_stop=should_stop,
        )
    finally:
        evaluator.shutdown()
    demo = Demo(
        experiment=experiment,
        num_clips=len(samples),
        without_weights=without,
        not_here=impossible,
        too_few_clips=tuple(n for n in too_few if n not in without),
        frame_networks=tuple(n for n in over_frames if n not in {*without, *too_few}),
    )
    if demo.not_run:
        results = experiment.result.results
        results.provenance = {**results.provenance, "not_run": demo.not_run}
    return demo


def _without_weights(metrics: Mapping[str, Metric], source: WeightsSource) -> tuple[str, ...]:
    return tuple(sorted(n for n, m in metrics.items() if requirements_of(m).missing_checkpoints(source)))


def _too_few_clips(metrics: Mapping[str, Metric], num_clips: int) -> tuple[str, ...]:
    return tuple(sorted(n for n, m in metrics.items() if isinstance(m, CorpusMetric) and m.min_samples > num_clips))


def _over_frames(metrics: Mapping[str, Metric]) -> tuple[str, ...]:
    return tuple(
        sorted(
            n
            for n, m in metrics.items()
            if requirements_of(m).checkpoints and not reads_what_changes(m, Variant(name="silence"))
        )
    )
