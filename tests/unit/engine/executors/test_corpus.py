"""Corpus results say what was used and what was left out."""

import numpy as np
import pytest

from avmeter.engine.executors.corpus import finish_states, merge_states, start_states, unread_details
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.metrics.base import FeatureSet, Need
from avmeter.metrics.resolve import get_metric
from avmeter.result import Skip
from avmeter.sample import Sample
from support.engine import MeanMetric, SumMetric, clip, run


def test_corpus_that_lacks_its_weights_says_so_itself():
    """Not that there were too few clips: that is not what the user can change."""

    class Weighted(SumMetric):
        @property
        def needs(self):
            return (Need(name="x", field="audio", extractor="test_blocks", options={"fail": "weights"}),)

    result = run([clip(0.1), clip(0.2)], Weighted(), chunk_size=1).corpus["test.sum"]
    assert result.skip.code == SkipCode.WEIGHTS_UNAVAILABLE
    assert result.skip.hint == "fetch"
    assert "all 2 samples" in result.skip.reason
    assert result.details["skipped"] == result.skip.reason
    assert result.details["left_out"] == {"weights_unavailable": 2}


def test_reference_samples_reach_corpus_metrics_only():
    """`role="reference"` brings material to a corpus metric and has no score of its own."""
    result = run([clip(0.5), {**clip(0.25), "role": "reference"}], MeanMetric(), SumMetric())
    assert result.rows[1] == {}
    assert result.corpus["test.sum"].score == pytest.approx(0.75)
    assert result.corpus["test.sum"].details["n_given"] == 1


def features(level):
    return FeatureSet({"x": Features(arrays={"means": np.array([level])})})


def folded(metric, *levels, start=0):
    """The state of a corpus of these levels; None is a clip that is missing."""
    states = start_states({metric.name: metric})
    for i, level in enumerate(levels, start):
        if level is None:
            missing = Skip(code=SkipCode.MISSING_FILE, reason=f"{i}: gone", hint="look")
            states[metric.name].leave_out(metric, Sample(id=str(i)), missing)
        else:
            states[metric.name].add(metric, Sample(id=str(i)), features(level))
    return states


def finished(metric, states):
    return finish_states({metric.name: metric}, states)[metric.name]


def test_score_of_fewer_clips_than_it_takes_says_so(monkeypatch):
    """It is scored all the same; a score of enough has no such caveat."""
    monkeypatch.setattr(SumMetric, "min_samples", 3)
    few = finished(SumMetric(), folded(SumMetric(), 0.5, 0.25, None))
    assert few.score == pytest.approx(0.75)
    assert few.details["caveats"][0]["code"] == "few_clips"
    assert few.details["warnings"] == ["2 clips: says something of a model from 3 on"]
    assert "warnings" not in finished(SumMetric(), folded(SumMetric(), 0.5, 0.25, 0.5)).details


def test_metric_that_cannot_merge_is_a_skip_and_costs_the_others_nothing():
    """A run whose chunks are computed elsewhere merges what a run in one process does not."""

    class Unmerged(SumMetric):
        name = "test.unmerged"

        def merge(self, a, b):
            raise NotImplementedError("no parts")

    metrics = {"test.unmerged": Unmerged(), "test.sum": SumMetric()}
    parts = [start_states(metrics), start_states(metrics)]
    corpus = finish_states(metrics, merge_states(metrics, *parts))
    assert corpus["test.unmerged"].skip.code == SkipCode.FAILED
    assert "NotImplementedError: no parts" in corpus["test.unmerged"].skip.reason
    assert "merging" in corpus["test.unmerged"].skip.reason
    assert corpus["test.sum"].skip.reason == "nothing"


def test_merged_corpora_give_the_result_of_the_whole():
    """Scores, counts and names of what was left out, in the order of the samples."""
    metric = SumMetric()
    levels = [0.5, None, 0.25, None, 1.0]
    whole = finished(metric, folded(metric, *levels))
    for split in range(len(levels) + 1):
        parts = folded(metric, *levels[:split]), folded(metric, *levels[split:], start=split)
        assert finished(metric, merge_states({metric.name: metric}, *parts)) == whole
    assert whole.score == 1.75
    assert whole.details["left_out_ids"] == ["1", "3"]
    assert (whole.details["n_given"], whole.details["n_used"]) == (5, 3)


def test_metric_that_a_part_does_not_have_keeps_its_state():
    """States of metrics that run elsewhere are left alone."""
    metric = SumMetric()
    states = folded(metric, 0.5)
    assert merge_states({metric.name: metric}, states, {}) == states


def test_only_the_first_twenty_left_out_are_named():
    """The count is of all."""
    metric = SumMetric()
    result = finished(metric, folded(metric, *[None] * 30))
    assert len(result.details["left_out_ids"]) == 20
    assert result.details["left_out"] == {"missing_file": 30}
    assert "all 30 samples were left out, the first because 0: gone" in result.skip.reason
    assert result.skip.hint == "look"


def test_metric_that_fails_once_has_no_corpus_result():
    """A sum that lacks a sample it should have would be a wrong score."""

    class Broken(SumMetric):
        def update(self, state, sample, features):
            if sample.id == "1":
                raise ZeroDivisionError("oh")
            return super().update(state, sample, features)

    metric = Broken()
    result = finished(metric, folded(metric, 0.5, 0.25, 0.125))
    assert result.skip.code == SkipCode.FAILED
    assert "oh" in result.skip.reason


def test_sample_that_the_metric_refuses_is_left_out():
    """A skip in `update` is one more sample that did not take part."""

    class Picky(SumMetric):
        def update(self, state, sample, features):
            if sample.id == "1":
                raise SkipError(SkipCode.SILENT, "1: silent")
            return super().update(state, sample, features)

    metric = Picky()
    result = finished(metric, folded(metric, 0.5, 0.25))
    assert result.score == 0.5
    assert result.details["left_out"] == {"silent": 1}


def test_clips_that_were_read_in_part_are_counted():
    """Whatever the split; references are not."""
    metric = SumMetric()
    partial = FeatureSet({"x": Features(arrays={"means": np.array([1.0])}, facts={"unread_seconds": 2.0})})
    states = [folded(metric, 0.5), folded(metric, 0.5, start=1)]
    for state, name in zip(states, "ab", strict=True):
        state[metric.name].add(metric, Sample(id=name), partial)
        state[metric.name].add(metric, Sample(id=f"r{name}", role="reference"), partial)
    assert finished(metric, merge_states({metric.name: metric}, *states)).details["unread"] == {"partly_read": 2}
    assert "unread" not in finished(metric, folded(metric, 0.5)).details


def test_unread_sound_is_that_of_what_the_metric_reads():
    """The embedding of ten seconds, or class logits over the whole clip."""
    facts = {"embedding_unread_seconds": 15.0}
    found = FeatureSet({"generated": Features(facts=facts), "reference": Features(facts={})})
    assert unread_details(get_metric("audio.kl_divergence"), found) == {}
    assert "partly_read" in unread_details(get_metric("audio.frechet_distance"), found)
