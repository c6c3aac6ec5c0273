"""What a run will do: clips, metrics, those that are not run and why, what is missing, what is stored, how long."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from avmeter.engine.compute.store_share import StoreShare
from avmeter.metrics.base import CorpusMetric, Metric
from avmeter.metrics.requirements import missing_fields, requirements_of
from avmeter.metrics.selection import select_metrics
from avmeter.preflight.checkpoints import MissingCheckpoint, missing_checkpoints
from avmeter.preflight.estimate import TimeEstimate, estimate_time
from avmeter.preflight.rates import Rates
from avmeter.runtime.device import describe_device
from avmeter.runtime.environment import Settings
from avmeter.sample import MEDIA_FIELDS, TEXT_FIELDS, Sample

if TYPE_CHECKING:
    from avmeter.evaluator import Evaluator
    from avmeter.weights import WeightsSource

_CHUNK = 32
#: For so long clips are looked up in the store before a run, seconds.
_LOOK_UP_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """What is known of a run before it starts.

    Attributes:
        num_clips: Clips to be scored.
        num_pairs: Those of them with a reference of their own.
        num_references: Samples that bring only reference material.
        columns: Field of a sample -> clips that have it.
        metrics: Names of the metrics that will run.
        not_run: Name of a metric -> why it will not.
        no_score: Name of a metric that will run, as the user named it -> why it will have no score.
        missing: Checkpoints that the metrics lack.
        offline_because: Name of the variable that forbids the network, or None.
        store: Features of the clips that were looked up in the store.
        num_looked_up: How many clips those were.
        estimate: How long what is not stored takes.
        stopped: Names of the metrics that lack a checkpoint which cannot be fetched; they are in `not_run`.
    """

    num_clips: int
    num_pairs: int
    num_references: int
    columns: Mapping[str, int]
    metrics: tuple[str, ...]
    not_run: Mapping[str, str]
    no_score: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[MissingCheckpoint, ...] = ()
    offline_because: str | None = None
    store: StoreShare = field(default_factory=StoreShare)
    num_looked_up: int = 0
    estimate: TimeEstimate = field(default_factory=lambda: TimeEstimate(seconds=None))
    stopped: tuple[str, ...] = ()

    def payload(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "clips": self.num_clips,
            "pairs": self.num_pairs,
            "references": self.num_references,
            "columns": dict(self.columns),
            "metrics": list(self.metrics),
            "not_run": dict(self.not_run),
            "no_score": dict(self.no_score),
            "missing": [
                {
                    "checkpoint": m.name,
                    "size_bytes": m.size_bytes,
                    "size_is_exact": m.is_exact,
                    "stops": list(m.metrics),
                    "optional_for": list(m.optional_for),
                    "command": f"avmeter weights fetch {m.name}",
                }
                for m in self.missing
            ],
            "offline_because": self.offline_because,
            "store": {
                "features": self.store.num_needed,
                "stored": self.store.num_stored,
                "clips_looked_up": self.num_looked_up,
            },
            "seconds": self.estimate.seconds,
            "unmeasured": list(self.estimate.unmeasured),
        }


def look_ahead(evaluator: Evaluator, samples: Sequence[Sample], *, explicit: Collection[str] = ()) -> Preflight:
    """Find out what a run of this evaluator over these samples will do. Nothing is computed or fetched.

    Args:
        evaluator: Has the metrics that were asked for.
        samples: The set.
        explicit: Metrics that the user named: they run also where no clip has their inputs, and every clip says so.
    """
    metrics = evaluator.metrics
    without_inputs = _without_inputs(metrics, samples)
    without_score = without_inputs | _without_references(metrics, samples)
    doubtful = _of_few_clips(metrics, samples) | without_score
    not_run = {name: why for name, why in doubtful.items() if name not in explicit}
    no_score = {name: why for name, why in without_score.items() if name in explicit}
    source, offline = evaluator.config.weights_source, Settings.read().offline_because
    needing = {n: m for n, m in metrics.items() if n not in not_run and n not in without_inputs}
    missing = missing_checkpoints(needing, source)
    unfetchable = {m.name for m in missing if offline or not m.has_source}
    stopped = {
        name: _lacks([m.name for m in missing if name in m.metrics and m.name in unfetchable], offline, source)
        for name in metrics
        if any(name in m.metrics and m.name in unfetchable for m in missing)
        and not _has_features(evaluator, samples, name, unfetchable)
    }
    not_run |= stopped
    chosen = tuple(name for name in metrics if name not in not_run)
    share, num_looked_up = _look_up(evaluator, samples, chosen)
    local = _on_this_machine(samples)
    return Preflight(
        num_clips=sum(s.role == "generated" for s in samples),
        num_pairs=sum(s.role == "generated" and (s.has("reference_audio") or s.has("reference")) for s in samples),
        num_references=sum(s.role == "reference" for s in samples),
        columns=_columns(samples),
        metrics=chosen,
        not_run=not_run,
        no_score={name: why for name, why in no_score.items() if name not in stopped},
        missing=tuple(missing),
        offline_because=offline,
        store=share,
        num_looked_up=num_looked_up,
        estimate=_estimate(evaluator, share, num_looked_up / len(local) if local else 0.0),
        stopped=tuple(stopped),
    )


def rates_of(evaluator: Evaluator) -> Rates:
    """Return the rates of this machine as the evaluator uses it."""
    config = evaluator.config
    return Rates.of(config.store, device=describe_device(config.torch_device), precision=str(config.precision))


def _without_inputs(metrics: Mapping[str, Metric], samples: Sequence[Sample]) -> dict[str, str]:
    """Return the metrics that no sample has the inputs for, or that have no score on this machine, and why."""
    return select_metrics(metrics, samples).reasons()


def _without_references(metrics: Mapping[str, Metric], samples: Sequence[Sample]) -> dict[str, str]:
    """Return the corpus metrics that have nothing to compare with, and that."""
    found: dict[str, str] = {}
    for name, metric in metrics.items():
        fields = _reference_fields(metric) if isinstance(metric, CorpusMetric) else ()
        if fields and not any(s.has(f) or s.role == "reference" for s in samples for f in fields):
            found[name] = "there is no reference set"
    return found


def _of_few_clips(metrics: Mapping[str, Metric], samples: Sequence[Sample]) -> dict[str, str]:
    """Return the corpus metrics that have too few clips to say anything of a model, and how many they need."""
    found: dict[str, str] = {}
    for name, metric in metrics.items():
        if isinstance(metric, CorpusMetric):
            num_clips = sum(s.role == "generated" and not missing_fields(metric, s) for s in samples)
            if num_clips < metric.min_samples:
                found[name] = f"needs {metric.min_samples} clips or more"
    return found


def _reference_fields(metric: CorpusMetric) -> tuple[str, ...]:
    """Return the fields of the reference set that a corpus metric compares with; none if a file has it."""
    if not metric.takes_references:
        return ()
    fields = (f for need in metric.needs if need.optional for f in need.fields)
    return tuple(dict.fromkeys(f for f in fields if f in MEDIA_FIELDS and f.startswith("reference")))


def _lacks(checkpoints: Sequence[str], offline: str | None, source: WeightsSource) -> str:
    if source.is_dummy:
        why = "whose place stand-in weights cannot take"
    else:
        why = f"and {offline} forbids the network" if offline else "which is not fetched"
    return f"needs {', '.join(checkpoints)}, {why}"


def _has_features(evaluator: Evaluator, samples: Sequence[Sample], metric: str, checkpoints: Collection[str]) -> bool:
    """Return True if the store holds a feature that the metric would otherwise need these checkpoints for."""
    if evaluator.config.store in (None, False):
        return False
    extractors = requirements_of(evaluator.metrics[metric]).extractors
    affected = {x.identity() for x in extractors if set(checkpoints) & set(x.weights())}
    local = _on_this_machine(samples)
    for start in range(0, len(local), _CHUNK):
        share = evaluator.look_up(local[start : start + _CHUNK], [metric])
        if any(share.stored.get(identity) for identity in affected):
            return True
    return False


def _look_up(evaluator: Evaluator, samples: Sequence[Sample], metrics: Sequence[str]) -> tuple[StoreShare, int]:
    """Look up as many clips as two seconds allow; return their features, and how many they were."""
    share, number = StoreShare(), 0
    local = _on_this_machine(samples) if metrics else []
    end_s = time.monotonic() + _LOOK_UP_S
    while number < len(local) and (number == 0 or time.monotonic() < end_s):
        chunk = local[number : number + _CHUNK]
        share.extend(evaluator.look_up(chunk, metrics))
        number += len(chunk)
    return share, number


def _on_this_machine(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples whose media are files here: others would have to be fetched to be looked up."""
    return [s for s in samples if all(m.path is not None and m.stored is None for m in s.media.values())]


def _columns(samples: Sequence[Sample]) -> dict[str, int]:
    """Return the fields that some sample has, and how many have it."""
    counts = {name: sum(sample.has(name) for sample in samples) for name in (*MEDIA_FIELDS, *TEXT_FIELDS)}
    return {name: count for name, count in counts.items() if count}


def _estimate(evaluator: Evaluator, share: StoreShare, share_of_samples: float) -> TimeEstimate:
    if not share_of_samples:
        return TimeEstimate(seconds=None)
    return estimate_time(
        share,
        rates_of(evaluator).read(),
        share_of_samples=share_of_samples,
        num_devices=evaluator.config.num_devices,
    )
