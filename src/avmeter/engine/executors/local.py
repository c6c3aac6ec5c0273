"""A run in this process: chunks of samples -> features -> per-sample scores and corpus states."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from avmeter.engine.compute.computer import Counts, FeatureComputer
from avmeter.engine.decode.messages import Outcome
from avmeter.engine.plan import Plan, Request, make_plan
from avmeter.errors import AvmeterError, SkipCode, SkipError, StatsError
from avmeter.features.base import Extractor
from avmeter.metrics.base import CorpusMetric, FeatureSet, Metric
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample

logger = logging.getLogger("avmeter")
CHUNK_SIZE = 128
GPU_CHUNK_SIZE = 512  # a GPU idles while the first clips of a chunk are decoded
_MAX_NAMED = 20
_FAULTS_OF_THE_RUN = {
    SkipCode.WEIGHTS_UNAVAILABLE,
    SkipCode.DEPENDENCY_MISSING,
    SkipCode.OUT_OF_MEMORY,
    SkipCode.WORKER_DIED,
}

Progress = Callable[[int, int], None]


@dataclass(kw_only=True)
class CorpusState:
    """A corpus metric's own state, and what was left out of it."""

    state: Any
    num_given: int = 0
    num_used: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    left_out_ids: list[str] = field(default_factory=list)
    first_left_out: Skip | None = None
    left_out_references: Counter[str] = field(default_factory=Counter)
    dummy: bool = False
    failure: Skip | None = None

    def leave_out(self, sample: Sample, skip: Skip) -> None:
        """Count a sample that could not take part."""
        if sample.role == "reference":
            self.left_out_references[skip.code] += 1
            return
        self.left_out[skip.code] += 1
        self.first_left_out = self.first_left_out or skip
        if len(self.left_out_ids) < _MAX_NAMED:
            self.left_out_ids.append(sample.id)


@dataclass(kw_only=True)
class ChunkResult:
    """Scores of the samples of a chunk, in order, and the corpus states over it."""

    per_sample: list[dict[str, MetricResult]] = field(default_factory=list)
    states: dict[str, CorpusState] = field(default_factory=dict)


class LocalExecutor:
    """Runs chunks one after the other on the computer's device.

    Args:
        computer: Makes features.
        chunk_size: Samples whose features are in memory at once; default is 128, and 512 on a GPU.
    """

    def __init__(self, computer: FeatureComputer, *, chunk_size: int | None = None) -> None:
        self._computer = computer
        on_gpu = computer.runtime.device.type == "cuda"
        self._chunk_size = chunk_size or (GPU_CHUNK_SIZE if on_gpu else CHUNK_SIZE)
        self._extractors: dict[str, Extractor] = {}

    @property
    def counts(self) -> Counts:
        """What has been done so far."""
        return self._computer.counts

    def unload(self) -> None:
        """Drop the networks; they come again when needed."""
        self._computer.unload()

    def run(
        self, samples: Sequence[Sample], metrics: Mapping[str, Metric], progress: Progress | None = None
    ) -> tuple[list[dict[str, MetricResult]], dict[str, MetricResult]]:
        """Per-sample results in input order, and corpus results."""
        per_sample: list[dict[str, MetricResult]] = []
        states = start_states(metrics)
        for start in range(0, len(samples), self._chunk_size):
            chunk = samples[start : start + self._chunk_size]
            inside = _within(progress, start, len(chunk), len(samples))
            result = self.run_chunk(chunk, metrics, states=states, progress=inside)
            per_sample.extend(result.per_sample)
            states = result.states
            if progress is not None:
                progress(min(start + self._chunk_size, len(samples)), len(samples))
        return per_sample, finish_states(metrics, states)

    def run_chunk(
        self,
        samples: Sequence[Sample],
        metrics: Mapping[str, Metric],
        *,
        states: dict[str, CorpusState] | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> ChunkResult:
        """Features and scores of one chunk.

        Args:
            samples: The chunk.
            metrics: Name -> metric.
            states: Corpus states to go on from; default is empty ones, to be merged by the caller.
            progress: Called with the share of the chunk that is done.
        """
        plan = make_plan(samples, metrics, self._extractors)
        outcomes = self._computer.compute(plan, progress)
        result = ChunkResult(states=start_states(metrics) if states is None else states)
        for index, sample in enumerate(samples):
            row: dict[str, MetricResult] = {}
            for name, metric in metrics.items():
                gathered = _gather(plan, outcomes, index, metric, sample)
                if gathered is None:
                    continue
                if metric.per_sample and sample.role == "generated":
                    row[name] = _score(metric, sample, gathered)
                if isinstance(metric, CorpusMetric):
                    rest = _references(plan, outcomes, index, metric) if isinstance(gathered, Skip) else None
                    _update(metric, result.states[name], sample, gathered, rest)
            result.per_sample.append(row)
        return result


def skipped_chunk(samples: Sequence[Sample], metrics: Mapping[str, Metric], skip: Skip) -> ChunkResult:
    """A chunk that nothing could be computed of: every score is skipped, every corpus leaves it out."""
    result = ChunkResult(states=start_states(metrics))
    for sample in samples:
        row: dict[str, MetricResult] = {}
        for name, metric in metrics.items():
            if metric.per_sample and sample.role == "generated":
                row[name] = _score(metric, sample, skip)
            if isinstance(metric, CorpusMetric):
                _update(metric, result.states[name], sample, skip)
        result.per_sample.append(row)
    return result


def _within(progress: Progress | None, start: int, size: int, total: int) -> Callable[[float], None] | None:
    """Progress inside a chunk, told in samples of the whole run; a sample counts when its share is done."""
    if progress is None:
        return None
    told = start

    def update(share: float) -> None:
        nonlocal told
        done = start + int(share * size + 1e-9)
        if done > told:
            told = done
            progress(done, total)

    return update


def start_states(metrics: Mapping[str, Metric]) -> dict[str, CorpusState]:
    """Empty states of the corpus metrics among these."""
    return {n: CorpusState(state=m.start()) for n, m in metrics.items() if isinstance(m, CorpusMetric)}


def merge_states(
    metrics: Mapping[str, Metric], a: Mapping[str, CorpusState], b: Mapping[str, CorpusState]
) -> dict[str, CorpusState]:
    """States over both parts of a corpus, `a` before `b`."""
    merged = {}
    for name, left in a.items():
        right, metric = b[name], metrics[name]
        assert isinstance(metric, CorpusMetric)
        merged[name] = CorpusState(
            state=metric.merge(left.state, right.state),
            num_given=left.num_given + right.num_given,
            num_used=left.num_used + right.num_used,
            left_out=left.left_out + right.left_out,
            left_out_ids=(left.left_out_ids + right.left_out_ids)[:_MAX_NAMED],
            first_left_out=left.first_left_out or right.first_left_out,
            left_out_references=left.left_out_references + right.left_out_references,
            dummy=left.dummy or right.dummy,
            failure=left.failure or right.failure,
        )
    return merged


def finish_states(metrics: Mapping[str, Metric], states: Mapping[str, CorpusState]) -> dict[str, MetricResult]:
    """Corpus results, each with how many samples were given, used and left out."""
    results = {}
    for name, state in states.items():
        metric = metrics[name]
        assert isinstance(metric, CorpusMetric)
        try:
            result = metric.finish(state.state) if state.failure is None else None
        except Exception as error:  # noqa: BLE001 - a metric's failure is its own result's, not the run's
            result = MetricResult.skipped(name, _failure(error, name))
        if result is None:
            assert state.failure is not None
            result = MetricResult.skipped(name, state.failure)
        if result.skip is not None and state.first_left_out is not None and not state.num_used:
            skip = _of_nothing(result.skip, state.first_left_out, state)
            result = MetricResult.skipped(name, skip, details=result.details)
        details = {
            **result.details,
            "n_given": state.num_given,
            "n_used": state.num_used,
            "left_out": dict(state.left_out),
        }
        if state.left_out_ids:
            details["left_out_ids"] = state.left_out_ids
        if state.left_out_references:
            details["left_out_references"] = dict(state.left_out_references)
        result = MetricResult(name, result.score, details, result.skip)
        results[name] = result.marked_dummy() if state.dummy else result
    return results


def _of_nothing(skip: Skip, first: Skip, state: CorpusState) -> Skip:
    """Why a corpus has no score of which nothing could be used; what the run could not do is the cause itself."""
    reason = f"all {state.num_given} samples were left out, the first because {first.reason}"
    if set(state.left_out) <= _FAULTS_OF_THE_RUN:
        return replace(first, reason=reason)
    return replace(skip, reason=f"{skip.reason}; {reason}", hint=first.hint)


def _gather(
    plan: Plan, outcomes: Mapping[Request, Outcome], index: int, metric: Metric, sample: Sample
) -> FeatureSet | Skip | None:
    """What a metric gets for one sample: its features, why not, or None when it does not concern the sample."""
    if (index, metric.name) in plan.skips:
        return plan.skips[index, metric.name]
    wanted = plan.wanted.get((index, metric.name))
    if wanted is None:
        return None
    gathered = FeatureSet()
    for need in metric.needs:
        target = wanted[need.name]
        outcome = target if isinstance(target, Skip) else outcomes[target]
        if not isinstance(outcome, Skip):
            gathered[need.name] = outcome
        elif need.optional or sample.role == "reference":
            gathered.skips[need.name] = outcome
        else:
            side = "reference" if need.fields[0].startswith("reference") else "generated"
            return outcome.prefixed(side) if _is_paired(metric) else outcome
    if sample.role == "reference" and metric.needs and not gathered:
        return next(iter(gathered.skips.values()))
    return gathered


def _references(plan: Plan, outcomes: Mapping[Request, Outcome], index: int, metric: CorpusMetric) -> FeatureSet:
    """What a sample that is left out still brings: its reference, where corpora are compared as wholes."""
    wanted = plan.wanted.get((index, metric.name), {})
    found = FeatureSet()
    for need in metric.needs if metric.keeps_references else ():
        target = wanted.get(need.name)
        if need.fields[0].startswith("reference") and isinstance(target, Request):
            outcome = outcomes[target]
            if not isinstance(outcome, Skip):
                found[need.name] = outcome
    return found


def _is_paired(metric: Metric) -> bool:
    sides = {need.fields[0].startswith("reference") for need in metric.needs}
    return len(sides) == 2


def _score(metric: Metric, sample: Sample, gathered: FeatureSet | Skip) -> MetricResult:
    if isinstance(gathered, Skip):
        return MetricResult.skipped(metric.name, gathered)
    try:
        result = metric.score(sample, gathered)
    except Exception as error:  # noqa: BLE001 - as in finish_states
        result = MetricResult.skipped(metric.name, _failure(error, sample.id))
    return result.marked_dummy() if _is_dummy(gathered) else result


def _update(
    metric: CorpusMetric,
    state: CorpusState,
    sample: Sample,
    gathered: FeatureSet | Skip,
    rest: FeatureSet | None = None,
) -> None:
    """Fold one sample in.

    Args:
        metric: Whose state it is.
        state: It.
        sample: The sample.
        gathered: Its features, or why it is left out.
        rest: What it brings though it is left out.
    """
    if sample.role == "generated":
        state.num_given += 1
    if isinstance(gathered, Skip):
        state.leave_out(sample, gathered)
        if sample.role == "generated":
            try:
                state.state = metric.left_out(state.state, sample, gathered)
                state.state = metric.update(state.state, sample, rest) if rest else state.state
            except Exception as error:  # noqa: BLE001 - as in finish_states
                state.failure = state.failure or _failure(error, sample.id)
        return
    for need in metric.needs:
        skip = gathered.skips.get(need.name)
        if skip is not None and skip.code != SkipCode.MISSING_INPUT:
            state.left_out_references[skip.code] += 1
    try:
        state.state = metric.update(state.state, sample, gathered)
    except SkipError as error:
        state.leave_out(sample, Skip.of(error))
        return
    except Exception as error:  # noqa: BLE001 - as in finish_states
        state.failure = state.failure or _failure(error, sample.id)
        return
    state.num_used += sample.role == "generated"
    state.dummy = state.dummy or _is_dummy(gathered)


def _is_dummy(gathered: FeatureSet) -> bool:
    return any(f.dummy for f in gathered.values())


def _failure(error: Exception, where: str) -> Skip:
    if isinstance(error, SkipError):
        return Skip.of(error)
    if isinstance(error, StatsError):
        return Skip(code=SkipCode.TOO_FEW_SAMPLES, reason=error.message, hint=error.hint)
    logger.debug("unexpected failure", exc_info=error)
    text = error.message if isinstance(error, AvmeterError) else f"{type(error).__name__}: {error}"
    return Skip(code=SkipCode.FAILED, reason=f"{where}: {text}", hint="please report this with the file, if you can")
