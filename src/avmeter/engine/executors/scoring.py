"""From the features of a chunk to its rows and corpus states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from avmeter.engine.executors.base import ChunkResult, Row
from avmeter.engine.executors.corpus import CorpusState, features_are_dummy, start_states, unread_details
from avmeter.engine.failures import skip_of_failure
from avmeter.engine.plan import FeatureRequest, Outcome, Plan
from avmeter.metrics.base import CorpusMetric, FeatureSet, Metric
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
    rows = []
    for index in range(len(samples)):
        with frames_decoded_once():
            rows.append(_score_sample(samples, index, metrics, (plan, outcomes), states))
    return rows


def _score_sample(
    samples: Sequence[Sample],
    index: int,
    metrics: Mapping[str, Metric],
    computed: tuple[Plan, Mapping[FeatureRequest, Outcome]],
    states: Mapping[str, CorpusState],
) -> Row:
    (plan, outcomes), sample = computed, samples[index]
    row: Row = {}
    for name, metric in metrics.items():
        features = _gather(plan, outcomes, index, metric, sample)
        if features is None:
            continue
        if metric.per_sample and sample.role == "generated":
            row[name] = _score(metric, sample, features)
        if not isinstance(metric, CorpusMetric):
            continue
        if isinstance(features, Skip):
            states[name].leave_out(metric, sample, features, _reference(plan, outcomes, index, metric))
        else:
            states[name].add(metric, sample, features)
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
    plan: Plan, outcomes: Mapping[FeatureRequest, Outcome], index: int, metric: Metric, sample: Sample
) -> FeatureSet | Skip | None:
    """Return the features of a sample, why it has none, or None where the metric does not concern the sample."""
    if (index, metric.name) in plan.skips:
        return plan.skips[index, metric.name]
    requests = plan.requested.get((index, metric.name))
    if requests is None:
        return None
    features = FeatureSet()
    for need in metric.needs:
        request = requests[need.name]
        outcome = request if isinstance(request, Skip) else outcomes[request]
        if not isinstance(outcome, Skip):
            features[need.name] = outcome
        elif need.optional or sample.role == "reference":
            features.skips[need.name] = outcome
        else:
            field = outcome.field or need.fields[0]
            side = "reference" if field.startswith("reference") else "generated"
            return outcome.prefixed(side) if _is_paired(metric) else outcome
    if sample.role == "reference" and metric.needs and not features:
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
        result = metric.score(sample, features)
    except Exception as error:  # noqa: BLE001 - a metric's failure is its own result's, not the run's
        result = MetricResult.skipped(metric.name, skip_of_failure(error, sample.id))
    unread = unread_details(metric, features)
    if unread and result.score is not None:
        result = MetricResult(result.name, result.score, {**unread, **result.details})
    return result.marked_dummy() if features_are_dummy(features) else result
