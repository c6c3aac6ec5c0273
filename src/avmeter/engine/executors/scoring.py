"""From the features of a chunk to its rows and corpus states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from avmeter.engine.executors.base import ChunkResult, Row
from avmeter.engine.executors.corpus import CorpusState, features_are_dummy, start_states, unread_details
from avmeter.engine.failures import FAILURES, skip_of_failure
from avmeter.engine.plan import FeatureRequest, Outcome, Plan
from avmeter.metrics.base import CorpusMetric, FeatureSet, Metric, Need
from avmeter.metrics.decoded_frames import frames_decoded_once
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample


def score_chunk(
    samples: Sequence[Sample],
    metrics: Mapping[str, Metric],
    plan: Plan,
    outcomes: Mapping[FeatureRequest, Outcome],
    states: Mapping[str, CorpusState],
) -> list[Row]:
    """Return the results of every sample, in order, and fold the samples into the corpus states.

    Args:
        samples: The chunk.
        metrics: Name -> metric.
        plan: Which features each metric needs.
        outcomes: Those features, or why there are none.
        states: Corpus states, changed.
    """
    asked = [
        _Asked(metric=m, needs=m.needs, corpus=(m, states[n]) if isinstance(m, CorpusMetric) else None)
        for n, m in metrics.items()
    ]
    rows = []
    for index, sample in enumerate(samples):
        with frames_decoded_once():
            rows.append(_score_sample(sample, index, asked, plan, outcomes))
    return rows


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A metric and its needs, and if it is one of a corpus its state: asked for once, not for every sample."""

    metric: Metric
    needs: Sequence[Need]
    corpus: tuple[CorpusMetric, CorpusState] | None


def _score_sample(
    sample: Sample,
    index: int,
    asked: Sequence[_Asked],
    plan: Plan,
    outcomes: Mapping[FeatureRequest, Outcome],
) -> Row:
    row: Row = {}
    for one in asked:
        metric = one.metric
        features = _gather(plan, outcomes, index, one, sample)
        if features is None:
            continue
        if metric.per_sample and sample.role == "generated":
            row[metric.name] = _score(metric, sample, features)
        if one.corpus is None:
            continue
        corpus_metric, state = one.corpus
        if isinstance(features, Skip):
            state.leave_out(corpus_metric, sample, features, _reference(plan, outcomes, index, corpus_metric))
        else:
            state.add(corpus_metric, sample, features)
    return row


def skip_chunk(samples: Sequence[Sample], metrics: Mapping[str, Metric], skip: Skip) -> ChunkResult:
    """Return the result of a chunk that could not be computed: all is skipped, every corpus leaves it out."""
    result = ChunkResult(states=start_states(metrics, of_part=True))
    for sample in samples:
        row: Row = {}
        for name, metric in metrics.items():
            if metric.per_sample and sample.role == "generated":
                row[name] = MetricResult.skipped(name, skip)
            if isinstance(metric, CorpusMetric):
                result.states[name].leave_out(metric, sample, skip)
        result.rows.append(row)
    return result


def _gather(
    plan: Plan, outcomes: Mapping[FeatureRequest, Outcome], index: int, asked: _Asked, sample: Sample
) -> FeatureSet | Skip | None:
    """Return the features of a sample, why it has none, or None where the metric does not concern the sample."""
    place = (index, asked.metric.name)
    if place in plan.skips:
        return plan.skips[place]
    requests = plan.requested.get(place)
    if requests is None:
        return None
    features = FeatureSet()
    for need in asked.needs:
        request = requests[need.name]
        outcome = request if isinstance(request, Skip) else outcomes[request]
        if not isinstance(outcome, Skip):
            features[need.name] = outcome
        elif need.optional or sample.role == "reference":
            features.skips[need.name] = outcome
        else:
            field = outcome.field or need.fields[0]
            side = "reference" if field.startswith("reference") else "generated"
            return outcome.prefixed(side) if _is_paired(asked.metric) else outcome
    if sample.role == "reference" and asked.needs and not features:
        return next(iter(features.skips.values()))
    return features


def _reference(plan: Plan, outcomes: Mapping[FeatureRequest, Outcome], index: int, metric: CorpusMetric) -> FeatureSet:
    """Return what a sample that is left out still brings: its reference, where corpora are compared as wholes."""
    requests = plan.requested.get((index, metric.name), {})
    features = FeatureSet()
    for need in metric.needs if metric.keeps_references else ():
        request = requests.get(need.name)
        if need.fields[0].startswith("reference") and isinstance(request, FeatureRequest):
            outcome = outcomes[request]
            if not isinstance(outcome, Skip):
                features[need.name] = outcome
    return features


def _is_paired(metric: Metric) -> bool:
    sides = {need.fields[0].startswith("reference") for need in metric.needs}
    return len(sides) == 2


def _score(metric: Metric, sample: Sample, features: FeatureSet | Skip) -> MetricResult:
    if isinstance(features, Skip):
        return MetricResult.skipped(metric.name, features)
    try:
        result = MetricResult.require(metric.score(sample, features), metric.name)
    except FAILURES as error:  # a metric's failure is its own result's, not the run's
        result = MetricResult.skipped(metric.name, skip_of_failure(error, sample.id))
    unread = unread_details(metric, features)
    if unread and result.score is not None:
        result = MetricResult(result.name, result.score, {**unread, **result.details})
    return result.marked_dummy() if features_are_dummy(features) else result
