"""What every registered metric promises."""

from __future__ import annotations

import json
import pickle
import re
from typing import Any

import numpy as np
import pytest

from avmeter import list_metrics
from avmeter.engine.executors.corpus import CorpusState, finish_states, merge_states
from avmeter.engine.states import decode_states, encode_states
from avmeter.errors import SkipCode, UnknownNameError
from avmeter.features.base import Features, get_extractor
from avmeter.metrics.base import CorpusMetric, FeatureSet, Metric
from avmeter.metrics.resolve import get_metric
from avmeter.protocols import PROTOCOLS
from avmeter.registry import EXTRACTORS, METRICS
from avmeter.result import MetricResult
from avmeter.sample import Sample
from support import require
from support.features import MAKERS, can_be_made, samples

NAMES = list_metrics()
OPTIONS: dict[str, dict[str, Any]] = {
    "common.kid": {"num_frames": 2, "subsets": 5, "subset_size": 100},  # the published sizes take seconds a test
    "audio.inception_score": {"splits": 3},
    "audio.kernel_distance": {"subsets": 5},
    "judge.third_person_separation": {"model": "made-up"},
}


def make(name: str, **options: Any) -> Metric:
    with require.dependencies():
        return get_metric(name, **options)


def made_of(name: str) -> Metric:
    return make(name, **OPTIONS.get(name, {}))


# Found, not listed: whatever is registered is held to the laws that concern it. Only defaults decide, so that a missing
# package skips a test instead of taking it away.
CORPUS = [n for n in NAMES if issubclass(METRICS.get(n), CorpusMetric)]
OF_CLIPS = [n for n in NAMES if METRICS.get(n).per_sample and can_be_made(METRICS.get(n)())]
COMPARED = [n for n in NAMES if {"generated", "reference"} <= {x.name for x in METRICS.get(n)().needs}]


def corpus_metric(name: str) -> CorpusMetric:
    metric = make(name, **OPTIONS.get(name, {}))
    assert isinstance(metric, CorpusMetric)
    return metric


def folded(metric: CorpusMetric, made: list[Any], state: Any = None) -> Any:
    state = metric.start() if state is None else state
    for sample, features in made:
        state = metric.update(state, sample, features)
    return state


def finished(metric: CorpusMetric, state: Any) -> MetricResult:
    """The result as a run has it: what is raised has become a skip."""
    return finish_states({metric.name: metric}, {metric.name: CorpusState(state=state)})[metric.name]


# -- every metric ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_metric_says_what_it_is(name: str) -> None:
    """Its own name, a direction, an ascending range, and a docstring with a headline."""
    metric = make(name)
    assert metric.name == name
    assert metric.direction in ("higher", "lower", "none")
    low, high = metric.range
    assert low is None or high is None or low < high
    assert type(metric).__doc__
    assert re.fullmatch(r"[a-z_0-9]+\.[a-z_0-9]+", name)


@pytest.mark.parametrize("name", NAMES)
def test_metric_needs_extractors_that_exist(name: str) -> None:
    """Every need names a registered extractor that takes the stated options, and needs have different names."""
    metric = make(name)
    for need in metric.needs:
        assert need.extractor in EXTRACTORS.names()
        assert json.loads(get_extractor(need.extractor, **need.options).identity())
    assert len({need.name for need in metric.needs}) == len(metric.needs)


@pytest.mark.parametrize("name", NAMES)
def test_metric_options_are_reported_and_a_protocol_is_checked(name: str) -> None:
    """Options are JSON values and hold the protocol; an unknown protocol is refused by name."""
    for protocol in PROTOCOLS:
        reported = json.loads(json.dumps(dict(make(name, protocol=protocol).options())))
        assert reported["protocol"] == protocol
    with pytest.raises(UnknownNameError, match="fastvideoo"):
        make(name, protocol="fastvideoo")


def test_features_of_every_corpus_metric_can_be_made() -> None:
    """The laws below hold a new one only with them: `support.features.MAKERS` needs a line for its extractor."""
    assert [n for n in CORPUS if not can_be_made(METRICS.get(n)())] == []
    assert set(MAKERS) <= set(EXTRACTORS.names())
    assert set(OPTIONS) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_corpus_metric_says_how_many_samples_it_needs(name: str) -> None:
    """At least one; a metric whose statistics refuse a corpus of one says so before it is run."""
    metric = make(name)
    if not isinstance(metric, CorpusMetric):
        return
    assert metric.min_samples >= 1
    if finished(metric, folded(metric, samples(metric, 1))).score is None:
        assert metric.min_samples > 1


# -- corpus metrics --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CORPUS)
def test_parts_merge_in_any_grouping_to_the_whole(name: str) -> None:
    """(a + b) + c = a + (b + c) = all at once; an empty state changes nothing, on either side."""
    metric = corpus_metric(name)
    made = samples(metric, 30)
    whole = metric.finish(folded(metric, made))
    assert whole.score is not None

    def parts() -> list[Any]:
        return [folded(metric, made[:1]), folded(metric, made[1:12]), folded(metric, made[12:])]

    a, b, c = parts()
    left = metric.merge(metric.merge(a, b), c)
    a, b, c = parts()
    right = metric.merge(a, metric.merge(b, c))
    around = metric.merge(metric.start(), metric.merge(folded(metric, made), metric.start()))
    for state in (left, right, around):
        result = metric.finish(state)
        assert result.score == pytest.approx(whole.score, rel=1e-9, abs=1e-12)
        assert result.details.keys() == whole.details.keys()


@pytest.mark.parametrize("name", CORPUS)
def test_parts_merged_in_order_give_the_bits_of_one_pass(name: str) -> None:
    """However a corpus is split, and however its parts are merged among themselves: no digit differs."""
    metric = corpus_metric(name)
    made = samples(metric, 30) * 20  # more rows than are folded at once
    whole = metric.finish(folded(metric, made))

    def part(start: int, stop: int) -> Any:
        return folded(metric, made[start:stop], metric.start_part())

    in_turn = metric.start()
    for start, stop in [(0, 1), (1, 290), (290, 290), (290, 301), (301, 600)]:
        in_turn = metric.merge(in_turn, part(start, stop))
    together = metric.merge(metric.merge(part(0, 7), part(7, 400)), part(400, 600))
    for state in (in_turn, metric.merge(metric.start(), together)):
        result = metric.finish(state)
        assert (result.score, result.details) == (whole.score, whole.details)


@pytest.mark.parametrize("name", CORPUS)
def test_state_that_was_written_and_read_gives_the_bits_of_the_one_in_memory(name: str) -> None:
    """Merged out of files, parts scored on other machines have the score and the details of one pass."""
    metric = corpus_metric(name)
    made = samples(metric, 40)
    whole = metric.finish(folded(metric, made))
    states = {name: CorpusState(state=metric.start())}
    for part in (made[:1], made[1:1], made[1:]):
        own = CorpusState(state=folded(metric, part, metric.start_part()))
        read = decode_states(encode_states({("all",): {name: own}}, {name: metric}), {name: metric})
        states = merge_states({name: metric}, states, read[("all",)])
    result = metric.finish(states[name].state)
    assert (result.score, result.details) == (whole.score, whole.details)


@pytest.mark.parametrize("name", CORPUS)
def test_order_of_samples_does_not_matter(name: str) -> None:
    """Reversed, the score is the same."""
    metric = corpus_metric(name)
    made = samples(metric, 30)
    forward, backward = (metric.finish(folded(metric, m)).score for m in (made, made[::-1]))
    assert backward == pytest.approx(forward, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", CORPUS)
def test_state_travels_and_finishing_does_not_use_it_up(name: str) -> None:
    """A pickled copy finishes to the same result, twice."""
    metric = corpus_metric(name)
    state = folded(metric, samples(metric, 30))
    copy = pickle.loads(pickle.dumps(state))  # noqa: S301 - our own bytes
    assert metric.finish(copy) == metric.finish(state) == metric.finish(state)


@pytest.mark.parametrize(("name", "count"), [(n, c) for n in CORPUS for c in (0, 1)])
def test_corpus_of_none_or_one_is_refused_with_the_count(name: str, count: int) -> None:
    """No number from nothing: a skip that says how many clips, or embeddings of them, there were."""
    metric = corpus_metric(name)
    if count >= metric.min_samples:
        return  # the score of one clip is that clip's
    state = folded(metric, samples(metric, count))
    result = finished(metric, state)
    assert result.score is None
    assert result.skip is not None
    assert result.skip.code == SkipCode.TOO_FEW_SAMPLES
    assert re.search(r"\b(clip|embedding)", result.skip.reason)
    assert count == 0 or str(count) in result.skip.reason


# -- metrics that compare ---------------------------------------------------------------------------------------------


def score_of(metric: Metric, made: list[tuple[Sample, FeatureSet]]) -> float:
    """Of the corpus, or of the clips, their mean."""
    if isinstance(metric, CorpusMetric):
        result = metric.finish(folded(metric, made))
        assert result.score is not None
        return result.score
    return float(np.mean([metric.score(*clip).score for clip in made]))


def moved(features: Features) -> Features:
    """Half of every array shifted: neither the direction of an embedding nor the likeliest class stays."""
    arrays = {n: a + 5.0 * (np.arange(a.shape[-1]) < a.shape[-1] // 2) for n, a in features.arrays.items()}
    return Features(arrays=arrays, facts=features.facts)


@pytest.mark.parametrize("name", COMPARED)
def test_equal_sides_have_the_best_score_there_is(name: str) -> None:
    """Where the range ends there, its end; an unbiased distance without one may be below 0, and not above."""
    metric = made_of(name)
    score = score_of(metric, samples(metric, 40, equal_sides=True))
    best = metric.range[metric.direction == "higher"]
    if best is not None:
        assert score == pytest.approx(best, abs=1e-6)
    else:
        assert score <= 0
    different = score_of(metric, samples(metric, 40))
    assert score < different if metric.direction == "lower" else score > different


@pytest.mark.parametrize("name", COMPARED)
def test_moving_away_from_the_reference_makes_the_score_worse(name: str) -> None:
    """The reported direction is the true one."""
    metric = made_of(name)
    near = samples(metric, 40, equal_sides=True)
    far = [(s, type(f)({**f, "generated": moved(f["generated"])})) for s, f in near]
    good, bad = (score_of(metric, made) for made in (near, far))
    assert (bad > good) == (metric.direction == "lower")
    assert not np.isclose(bad, good)


# -- metrics of clips -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OF_CLIPS)
def test_score_of_a_clip_does_not_depend_on_who_else_is_scored(name: str) -> None:
    """Forwards, backwards, by another instance, twice: nothing is remembered, and no feature is changed."""
    metric, other = made_of(name), made_of(name)
    made = samples(metric, 5)
    forward = [metric.score(*clip) for clip in made]
    backward = [metric.score(*clip) for clip in reversed(made)][::-1]
    assert forward == backward == [other.score(*clip) for clip in samples(other, 5)]
    assert len({r.score for r in forward}) > 1, "made-up features of different clips differ"


@pytest.mark.parametrize("name", OF_CLIPS)
def test_score_of_a_clip_is_in_the_range_and_its_details_are_json(name: str) -> None:
    """What a results file holds is what was computed."""
    metric = made_of(name)
    low, high = metric.range
    for clip in samples(metric, 20):
        result = metric.score(*clip)
        assert result.name == name
        assert result.score is not None
        assert low is None or low <= result.score
        assert high is None or result.score <= high
        assert json.loads(json.dumps(result.details)) == result.details


@pytest.mark.parametrize("name", [n for n in CORPUS if n in OF_CLIPS])
def test_corpus_of_one_clip_has_the_score_of_the_clip(name: str) -> None:
    """Of metrics that score both."""
    metric = corpus_metric(name)
    (clip,) = samples(metric, 1)
    assert metric.finish(folded(metric, [clip])).score == pytest.approx(metric.score(*clip).score, abs=1e-12)
