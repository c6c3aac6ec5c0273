"""What every registered metric promises."""

from __future__ import annotations

import json
import pickle
import re
from typing import Any

import numpy as np
import pytest

from avmeter import list_metrics
from avmeter.engine.executors.corpus import CorpusState, finish_states
from avmeter.errors import SkipCode, UnknownNameError
from avmeter.features.base import get_extractor
from avmeter.metrics.base import CorpusMetric, Metric
from avmeter.metrics.resolve import get_metric
from avmeter.protocols import PROTOCOLS
from avmeter.registry import EXTRACTORS
from avmeter.result import MetricResult
from support import require
from support.features import MAKERS, samples

NAMES = list_metrics()
OPTIONS: dict[str, dict[str, Any]] = {"audio.inception_score": {"splits": 3}, "audio.kernel_distance": {"subsets": 5}}
CORPUS = [
    "audio.desync", "audio.frechet_distance", "audio.frechet_distance_infinity", "audio.inception_score",
    "audio.kernel_distance", "audio.prdc",
]  # fmt: skip
# Their features are made of text, of other networks, or kept by other rules: they have contract tests of their own.
ELSEWHERE = {"audio.wer", "audio.text_audio_retrieval", "audio.speaker_similarity", "audio.audiobox_aesthetics"}


def make(name: str, **options: Any) -> Metric:
    with require.dependencies():
        return get_metric(name, **options)


def corpus_metric(name: str) -> CorpusMetric:
    metric = make(name, **OPTIONS.get(name, {}))
    assert isinstance(metric, CorpusMetric)
    return metric


def folded(metric: CorpusMetric, made: list[Any]) -> Any:
    state = metric.start()
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
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", name)


@pytest.mark.parametrize("name", NAMES)
def test_metric_needs_extractors_that_exist(name: str) -> None:
    """Every need names a registered extractor that takes the stated options, and needs have different names."""
    metric = make(name)
    for need in metric.needs:
        assert need.extractor in EXTRACTORS.names()
        assert json.loads(get_extractor(need.extractor, **need.options).identity())
    assert len({need.name for need in metric.needs}) == len(metric.needs)


@pytest.mark.parametrize("name", NAMES)
def test_metric_options_are_told_and_a_protocol_is_checked(name: str) -> None:
    """Options are JSON values and hold the protocol; an unknown protocol is refused by name."""
    for protocol in PROTOCOLS:
        told = json.loads(json.dumps(dict(make(name, protocol=protocol).options())))
        assert told["protocol"] == protocol
    with pytest.raises(UnknownNameError, match="fastvideoo"):
        make(name, protocol="fastvideoo")


def test_every_corpus_metric_is_held_to_the_laws_below_or_elsewhere() -> None:
    """A new corpus metric must be added here, or say that its own tests hold it."""
    found = {name for name in NAMES if isinstance(make(name), CorpusMetric)}
    assert found - ELSEWHERE == set(CORPUS)
    assert set(MAKERS) <= set(EXTRACTORS.names())


@pytest.mark.parametrize("name", NAMES)
def test_corpus_metric_says_how_many_samples_it_needs(name: str) -> None:
    """At least one; a metric whose statistics refuse a corpus of one says so before it is run."""
    metric = make(name)
    if not isinstance(metric, CorpusMetric):
        return
    assert metric.min_samples >= 1
    if name in CORPUS and finished(metric, folded(metric, samples(metric, 1))).score is None:
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


# The DeSync of one clip is that clip's.
@pytest.mark.parametrize(("name", "count"), [(n, c) for n in CORPUS for c in (0, 1) if (n, c) != ("audio.desync", 1)])
def test_corpus_of_none_or_one_is_refused_with_the_count(name: str, count: int) -> None:
    """No number from nothing: a skip or a statistics error that says how many clips there were."""
    metric = corpus_metric(name)
    state = folded(metric, samples(metric, count))
    result = finished(metric, state)
    assert result.score is None
    assert result.skip is not None
    assert result.skip.code == SkipCode.TOO_FEW_SAMPLES
    assert "clip" in result.skip.reason


IDENTICAL = {
    "audio.frechet_distance": (0.0, 1e-6),
    "audio.kernel_distance": (0.0, None),
    "audio.prdc": (1.0, 1e-9),
}


@pytest.mark.parametrize("name", IDENTICAL)
def test_corpus_against_itself_has_the_ideal_score(name: str) -> None:
    """Distance 0, coverage 1; an unbiased kernel distance is at or below 0."""
    metric = corpus_metric(name)
    result = metric.finish(folded(metric, samples(metric, 30, equal_sides=True)))
    ideal, tolerance = IDENTICAL[name]
    assert result.score is not None
    if tolerance is None:
        assert result.score <= ideal
    else:
        assert result.score == pytest.approx(ideal, abs=tolerance)


@pytest.mark.parametrize("name", [n for n in CORPUS if n not in ("audio.desync", "audio.inception_score")])
def test_moving_away_from_the_reference_makes_the_score_worse(name: str) -> None:
    """The stated direction is the true one."""
    metric = corpus_metric(name)
    near = samples(metric, 40, equal_sides=True)
    far = [
        (s, type(f)({**f, "generated": type(f["generated"])(arrays={"embedding": f["generated"]["embedding"] + 5.0})}))
        for s, f in near
    ]
    good, bad = (metric.finish(folded(metric, made)).score for made in (near, far))
    assert good is not None
    assert bad is not None
    assert (bad > good) == (metric.direction == "lower")
    assert not np.isclose(bad, good)
