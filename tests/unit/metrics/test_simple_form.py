"""Plain classes become metrics."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.metrics.base import CorpusMetric, FeatureSet, Metric
from avmeter.metrics.simple_form import BaseMetric, SimpleAdapter, adapt
from avmeter.result import MetricResult
from avmeter.sample import Sample

SAMPLE = Sample.of({"id": "a", "text_prompt": "a dog", "level": 3})


class Level:
    """A sample's own number, times a factor."""

    higher_is_better = False

    def __init__(self, returned: Any = None) -> None:
        self.returned = returned

    def compute(self, sample: dict[str, Any]) -> Any:
        return sample["level"] if self.returned is None else self.returned


class Total:
    """Sum over a corpus."""

    def __init__(self) -> None:
        self.total = 0

    def reset(self) -> None:
        self.total = 0

    def accumulate(self, sample: dict[str, Any]) -> None:
        self.total += sample["level"]

    def merge_from(self, other: Total) -> None:
        self.total += other.total

    def finalize(self) -> float:
        return self.total


def score(returned: Any) -> MetricResult:
    return adapt("user.level", Level(returned)).score(SAMPLE, FeatureSet())


def test_class_with_compute_scores_the_sample_as_its_author_wrote_it() -> None:
    """Under the registered name, in the direction that the class has."""
    metric = adapt("user.level", Level())
    assert metric.score(SAMPLE, FeatureSet()) == MetricResult("user.level", 3.0)
    assert metric.direction == "lower"
    assert metric.needs == ()


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), np.array(2.0)])
def test_any_real_number_is_a_score(number: Any) -> None:
    """Of NumPy too."""
    assert score(number).score == 2.0


def test_no_score_and_no_number_are_told_apart() -> None:
    """None is a skip; NaN is a skip that names it; anything else is the author's mistake."""

    class Nothing:
        def compute(self, sample: dict[str, Any]) -> None:
            return None

    assert adapt("user.nothing", Nothing()).score(SAMPLE, FeatureSet()).skip is not None
    with pytest.raises(SkipError, match="returned nan"):
        score(float("nan"))
    with pytest.raises(UsageError, match="returned a str"):
        score("good")


def test_class_with_accumulate_is_a_corpus_metric_whose_states_merge() -> None:
    """Each state is a copy of the instance, reset."""
    instance = Total()
    instance.total = 100
    metric = adapt("user.total", instance)
    assert isinstance(metric, CorpusMetric)
    a, b = (metric.update(metric.start(), SAMPLE, FeatureSet()) for _ in range(2))
    assert metric.finish(metric.merge(a, b)).score == 6.0
    assert instance.total == 100


def test_part_that_holds_the_whole_corpus_needs_no_merging() -> None:
    """A class without `merge_from` has its score where nothing was split, and parts may be merged again."""

    class Alone(Total):
        merge_from = None  # type: ignore[assignment]

    for kind in (Alone, Total):
        metric = adapt("user.total", kind())
        assert isinstance(metric, CorpusMetric)
        part = metric.update(metric.start(), SAMPLE, FeatureSet())
        for _ in range(2):
            merged = metric.merge(metric.merge(metric.start(), part), metric.start())
            assert metric.finish(merged).score == 3.0
    other = metric.update(metric.start(), SAMPLE, FeatureSet())
    scores = [metric.finish(metric.merge(metric.merge(metric.start(), part), other)).score for _ in range(2)]
    assert scores == [6.0, 6.0]


def test_corpus_of_nothing_has_no_score() -> None:
    """`finalize` is not asked."""
    metric = adapt("user.total", Total())
    assert isinstance(metric, CorpusMetric)
    with pytest.raises(SkipError) as caught:
        metric.finish(metric.start())
    assert caught.value.code == SkipCode.TOO_FEW_SAMPLES


def test_unloaded_instance_is_made_and_set_up_anew() -> None:
    """What the first one held is free; the device stays."""
    made: list[Any] = []

    class Loaded(BaseMetric):
        def setup(self) -> None:
            made.append(self.device)

        def compute(self, sample: dict[str, Any]) -> float:
            return float(len(made))

    metric = adapt("user.loaded", Loaded(), Loaded)
    assert isinstance(metric, SimpleAdapter)
    metric.prepare("meta")
    first = weakref.ref(metric.instance)
    metric.unload()
    assert first() is None
    assert metric.score(SAMPLE, FeatureSet()).score == 2.0
    assert made == ["meta", "meta"]
    metric.unload()
    metric.prepare("cpu")
    assert made[2:] == ["cpu"]
    only = adapt("user.loaded", Loaded())
    assert isinstance(only, SimpleAdapter)
    only.unload()
    assert isinstance(only.instance, Loaded)


def test_instance_is_set_up_once_after_it_was_moved() -> None:
    """`setup` may load onto the device."""
    calls: list[Any] = []

    class Loaded(BaseMetric):
        def to(self, device: Any) -> BaseMetric:
            calls.append(device)
            return self

        def setup(self) -> None:
            calls.append("setup")

        def compute(self, sample: dict[str, Any]) -> float:
            return 1.0

    metric = adapt("user.loaded", Loaded())
    assert isinstance(metric, SimpleAdapter)
    metric.prepare("cpu")
    metric.prepare("cpu")
    assert calls == ["cpu", "setup"]


def test_metric_is_left_as_it_is_and_anything_else_is_refused() -> None:
    """With the two ways to write one."""
    metric = adapt("user.level", Level())
    assert isinstance(metric, Metric)
    assert adapt("other", metric) is metric
    with pytest.raises(UsageError, match="int is no metric"):
        adapt("user.number", 5)


def test_result_of_a_batch_of_one_is_the_result() -> None:
    """Some guides say that `compute` returns a list."""
    assert score([MetricResult("user.level", 2.0)]) == MetricResult("user.level", 2.0)
    with pytest.raises(UsageError, match="list"):
        score([1.0, 2.0])


def test_frames_are_decoded_for_a_class_that_asks() -> None:
    """On the device that it was moved to; others get what the author gave."""

    class Shape:
        needs_frames = True

        def compute(self, sample: dict[str, Any]) -> float:
            video = sample["video"]
            assert str(video.device) == "meta"
            return float(sum(video.shape))

    sample = Sample.of({"video": np.zeros((2, 4, 5, 3), np.uint8)})
    metric = adapt("user.shape", Shape())
    assert isinstance(metric, SimpleAdapter)
    metric.prepare("meta")
    assert metric.score(sample, FeatureSet()).score == 2 + 3 + 4 + 5


def test_key_that_is_not_there_is_a_skip_that_names_it() -> None:
    """Unless the metric asks first, or catches what Python raises."""

    class Reads:
        needs_frames = True

        def compute(self, sample: dict[str, Any]) -> float:
            assert sample.get("fps") is None
            assert "reference" not in sample
            try:
                sample["reference"]
            except KeyError:
                return float(sample["video"].mean())
            raise AssertionError

    metric = adapt("user.reads", Reads())
    with pytest.raises(SkipError, match=r"a\.wav: no `video` given") as caught:
        metric.score(Sample.of({"audio": "a.wav"}), FeatureSet())
    assert caught.value.code == SkipCode.MISSING_INPUT
    with pytest.raises(SkipError, match="complex64") as caught:
        metric.score(Sample.of({"video": np.zeros((2, 3, 4, 4), np.complex64)}), FeatureSet())
    assert caught.value.code == SkipCode.UNSUPPORTED
    assert metric.score(Sample.of({"video": np.zeros((2, 3, 4, 4), np.uint8)}), FeatureSet()).score == 0.0
