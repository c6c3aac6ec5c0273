"""A run is split, reported and finished alike, wherever its chunks run."""

import itertools

import pytest

from avmeter.engine.compute.counts import Counts
from avmeter.engine.executors.base import Chunk, Executor, RunProgress, cut
from avmeter.metrics.base import FeatureSet
from avmeter.result import MetricResult
from avmeter.sample import Sample
from support.engine import SumMetric

SAMPLES = [Sample(id=str(i)) for i in range(5)]


class Constant(SumMetric):
    """Counts samples."""

    def update(self, state, sample, features):
        state.total += 1
        state.ids.append(sample.id)
        return state


class InTwos(Executor):
    """Runs chunks of two by a function."""

    counts, devices = Counts(), ()

    def __init__(self, run_chunks):
        self._run_chunks = run_chunks

    def unload(self):
        pass

    def _chunk_sizes(self, samples, metrics):
        return itertools.repeat(2)

    def _run_chunks(self, *arguments):
        raise NotImplementedError


def run_here(chunks, metrics, states, progress, should_stop):
    """Rows with the start of the chunk; names in another order than asked."""
    for chunk in chunks:
        progress.update(chunk, 0.5)
        for sample in chunk.samples:
            states["test.sum"].add(metrics["test.sum"], sample, FeatureSet())
        row = {"b": MetricResult("b", float(chunk.start)), "a": MetricResult("a", 0.0)}
        yield [row for _ in chunk.samples]


def test_rows_are_in_the_order_of_samples_and_metrics():
    """Whatever the chunks are, and in whichever order metrics were computed."""
    metrics = {"a": None, "b": None, "test.sum": Constant()}
    rows, corpus = InTwos(run_here).run(SAMPLES, metrics)
    assert [row["b"].score for row in rows] == [0, 0, 2, 2, 4]
    assert [list(row) for row in rows] == [["a", "b"]] * 5
    assert corpus["test.sum"].details["ids"] == list("01234")


def test_progress_only_grows_and_ends_with_all():
    """Halves of a sample do not count."""
    calls = []
    metrics = {"test.sum": Constant()}
    InTwos(run_here).run(SAMPLES, metrics, lambda *call: calls.append(call))
    assert calls == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_no_samples_are_no_chunks():
    """The corpus still has its result."""
    metrics = {"test.sum": Constant()}
    rows, corpus = InTwos(run_here).run([], metrics)
    assert rows == []
    assert corpus["test.sum"].details["n_given"] == 0


def test_chunk_that_is_begun_again_does_not_turn_progress_back():
    """A worker that died had come further than the next one is."""
    calls = []
    progress = RunProgress(lambda *call: calls.append(call), 10)
    one, other = (Chunk(start=start, samples=SAMPLES) for start in (0, 5))
    progress.update(one, 0.8)
    progress.update(one, 0.2)
    progress.update(other, 0.4)
    progress.finish(one)
    progress.update(one, 1.0)  # late
    progress.finish(other)
    assert calls == [(4, 10), (6, 10), (7, 10), (10, 10)]


def test_executor_that_loses_a_chunk_is_a_fault():
    """Rows that are missing would shift all that follow."""
    with pytest.raises(ValueError, match="shorter"):
        InTwos(lambda chunks, *_: (rows for rows in [[{}, {}]])).run(SAMPLES, {})


def test_rows_are_reported_chunk_by_chunk():
    """With their samples and in order, before the run is at its end: what a kill leaves is what was reported."""
    reported = []
    metrics = {"a": None, "b": None, "test.sum": Constant()}

    def failing(chunks, *arguments):
        yield from itertools.islice(run_here(chunks, *arguments), 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        InTwos(failing).run(SAMPLES, metrics, on_rows=lambda *chunk: reported.append(chunk))
    assert [[s.id for s in samples] for samples, _ in reported] == [["0", "1"], ["2", "3"]]
    assert [[row["b"].score for row in rows] for _, rows in reported] == [[0, 0], [2, 2]]


def test_samples_are_cut_into_chunks_of_the_sizes_given():
    """The last has what is left; sizes beyond it are not looked at."""
    chunks = cut(SAMPLES, iter([3, 1, 4, 100]))
    assert [(c.start, len(c.samples)) for c in chunks] == [(0, 3), (3, 1), (4, 1)]
