"""States of corpus metrics over a run, and what was left out of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from avmeter.caveats import Caveat, CaveatCode
from avmeter.engine.failures import FAILURES, skip_of_failure
from avmeter.errors import SkipCode, SkipError
from avmeter.features.truncation import PARTLY_READ, input_details
from avmeter.metrics.backbone_metric import BackboneMetric
from avmeter.metrics.base import CorpusMetric, FeatureSet, Metric
from avmeter.metrics.details import with_caveats
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample

_MAX_IDS = 20
_FAULTS_OF_THE_RUN = {
    SkipCode.WEIGHTS_UNAVAILABLE,
    SkipCode.DEPENDENCY_MISSING,
    SkipCode.OUT_OF_MEMORY,
    SkipCode.WORKER_DIED,
}


@dataclass(kw_only=True)
class CorpusState:
    """A corpus metric's own state, and what was left out of it.

    Attributes:
        state: What the metric's `start`, `update` and `merge` return.
        num_generated: Samples of the generated role so far.
        num_used: Those that took part.
        left_out: Skip code -> those that did not.
        left_out_ids: The first of them by name.
        first_skip: Why the first of them was left out.
        left_out_references: Skip code -> reference material that could not be used.
        unread: Detail -> samples of the generated role that took part though not all of them was read.
        is_dummy: Some feature was made with stand-in weights.
        failure: Why there can be no result, whatever else comes.
    """

    state: Any
    num_generated: int = 0
    num_used: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    left_out_ids: list[str] = field(default_factory=list)
    first_skip: Skip | None = None
    left_out_references: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    is_dummy: bool = False
    failure: Skip | None = None

    def add(self, metric: CorpusMetric, sample: Sample, features: FeatureSet) -> None:
        """Fold one sample in.

        Args:
            metric: Metric that owns the state.
            sample: The sample.
            features: Its features.
        """
        self.num_generated += sample.role == "generated"
        for need in metric.needs if features.skips else ():
            skip = features.skips.get(need.name)
            if skip is not None and skip.code != SkipCode.MISSING_INPUT:
                self.left_out_references[skip.code] += 1
        try:
            self.state = metric.update(self.state, sample, features)
        except SkipError as error:
            self._count_left_out(sample, skip_of_failure(error, sample.id))
        except FAILURES as error:  # a metric's failure is its own result's, not the run's
            self.failure = self.failure or skip_of_failure(error, sample.id)
        else:
            if sample.role == "generated":
                self.num_used += 1
                self.unread.update(unread_details(metric, features).keys())
            self.is_dummy = self.is_dummy or features_are_dummy(features)

    def leave_out(self, metric: CorpusMetric, sample: Sample, skip: Skip, reference: FeatureSet | None = None) -> None:
        """Note a sample that cannot take part.

        Args:
            metric: Metric that owns the state.
            sample: The sample.
            skip: Why it is left out.
            reference: Features of its reference, which take part all the same where corpora are compared as wholes.
        """
        self.num_generated += sample.role == "generated"
        self._count_left_out(sample, skip)
        if sample.role != "generated":
            return
        try:
            self.state = metric.left_out(self.state, sample, skip)
            if reference:
                self.state = metric.update(self.state, sample, reference)
        except FAILURES as error:  # as in `add`
            self.failure = self.failure or skip_of_failure(error, sample.id)

    def _count_left_out(self, sample: Sample, skip: Skip) -> None:
        if sample.role == "reference":
            self.left_out_references[skip.code] += 1
            return
        self.left_out[skip.code] += 1
        self.first_skip = self.first_skip or skip
        if len(self.left_out_ids) < _MAX_IDS:
            self.left_out_ids.append(sample.id)

    def merged(self, metric: CorpusMetric, other: CorpusState) -> CorpusState:
        """Return the state over this part of a corpus and the next."""
        state, failure = self.state, self.failure or other.failure
        if failure is None:
            try:
                state = metric.merge(self.state, other.state)
            except FAILURES as error:  # as in `add`
                failure = skip_of_failure(error, f"{metric.name}, merging parts of a set")
        return CorpusState(
            state=state,
            num_generated=self.num_generated + other.num_generated,
            num_used=self.num_used + other.num_used,
            left_out=self.left_out + other.left_out,
            left_out_ids=(self.left_out_ids + other.left_out_ids)[:_MAX_IDS],
            first_skip=self.first_skip or other.first_skip,
            left_out_references=self.left_out_references + other.left_out_references,
            unread=self.unread + other.unread,
            is_dummy=self.is_dummy or other.is_dummy,
            failure=failure,
        )

    def finish(self, metric: CorpusMetric, name: str) -> MetricResult:
        """Return the corpus result, with how many samples there were, took part and were left out."""
        result = self._score(metric, name)
        if result.skip is not None and self.first_skip is not None and not self.num_used:
            skip = self._skip_of_nothing(result.skip)
            result = MetricResult.skipped(name, skip, details={**result.details, "skipped": skip.reason})
        details = {
            **result.details,
            "n_given": self.num_generated,
            "n_used": self.num_used,
            "left_out": dict(self.left_out),
        }
        if result.score is not None and self.num_used < metric.min_samples:
            few = Caveat.of(CaveatCode.FEW_CLIPS, num_clips=self.num_used, min_samples=metric.min_samples)
            details = with_caveats(details, [few])
        if self.left_out_ids:
            details["left_out_ids"] = self.left_out_ids
        if self.left_out_references:
            details["left_out_references"] = dict(self.left_out_references)
        if self.unread and not metric.per_sample:  # else it stands in the details of each sample
            details["unread"] = dict(self.unread)
        result = MetricResult(name, result.score, details, result.skip)
        return result.marked_dummy() if self.is_dummy else result

    def _score(self, metric: CorpusMetric, name: str) -> MetricResult:
        if self.failure is not None:
            return MetricResult.skipped(name, self.failure)
        try:
            return MetricResult.require(metric.finish(self.state), name)
        except FAILURES as error:  # as in `add`
            return MetricResult.skipped(name, skip_of_failure(error, name))

    def _skip_of_nothing(self, skip: Skip) -> Skip:
        """Return why there is no result where nothing could be used; what the run could not do is the cause itself."""
        assert self.first_skip is not None
        first = self.first_skip
        reason = f"all {self.num_generated} samples were left out, the first because {first.reason}"
        if set(self.left_out) <= _FAULTS_OF_THE_RUN:
            return replace(first, reason=reason)
        return replace(skip, reason=f"{skip.reason}; {reason}", hint=first.hint)


def features_are_dummy(features: FeatureSet) -> bool:
    """Return True if any of these features was made with stand-in weights."""
    return True in [f.dummy for f in features.values()]


def unread_details(metric: Metric, features: FeatureSet) -> dict[str, Any]:
    """Return details that say what of a sample did not get into its features; empty where all of it did."""
    partly_read = [name for name, f in features.items() if not PARTLY_READ.isdisjoint(f.facts)]
    if not partly_read:
        return {}
    reads_classes = isinstance(metric, BackboneMetric) and metric.needs_classes
    found: dict[str, Any] = {}
    for name in sorted(partly_read, reverse=True):
        found |= input_details(features[name].facts, reads_classes=reads_classes)
    return found


def start_states(metrics: Mapping[str, Metric], *, of_part: bool = False) -> dict[str, CorpusState]:
    """Return empty states of the corpus metrics among these.

    Args:
        metrics: Name -> metric.
        of_part: They are merged into those of what comes before.
    """
    corpus = {n: m for n, m in metrics.items() if isinstance(m, CorpusMetric)}
    return {n: _started(m, of_part=of_part) for n, m in corpus.items()}


def _started(metric: CorpusMetric, *, of_part: bool) -> CorpusState:
    try:
        return CorpusState(state=metric.start_part() if of_part else metric.start())
    except FAILURES as error:  # as in `CorpusState.add`
        return CorpusState(state=None, failure=skip_of_failure(error, metric.name))


def merge_states(
    metrics: Mapping[str, Metric], states: Mapping[str, CorpusState], others: Mapping[str, CorpusState]
) -> dict[str, CorpusState]:
    """Return the states over both parts of a corpus.

    Args:
        metrics: Name -> metric.
        states: States over the first part.
        others: States over the second part; metrics that have none there keep what they have.
    """
    return {n: s.merged(_corpus_metric(metrics, n), others[n]) if n in others else s for n, s in states.items()}


def finish_states(metrics: Mapping[str, Metric], states: Mapping[str, CorpusState]) -> dict[str, MetricResult]:
    """Return the corpus results."""
    return {name: state.finish(_corpus_metric(metrics, name), name) for name, state in states.items()}


def _corpus_metric(metrics: Mapping[str, Metric], name: str) -> CorpusMetric:
    metric = metrics[name]
    assert isinstance(metric, CorpusMetric)
    return metric
