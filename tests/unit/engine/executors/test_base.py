"""A run is split, reported and finished alike, wherever its chunks run."""

import itertools

import pytest

from avmeter.engine.executors.base import Chunk, RunProgress, RunWatch, finish_run, run_in_chunks
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


def run_in_twos(samples, metrics, run_chunks, watch=None):
    """A run in chunks of two."""
    return run_in_chunks(samples, metrics, run_chunks, chunk_size=2, watch=watch or RunWatch(), of_part=False)


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
    rows, corpus = finish_run(metrics, run_in_twos(SAMPLES, metrics, run_here))
    assert [row["b"].score for row in rows] == [0, 0, 2, 2, 4]
    assert [list(row) for row in rows] == [["a", "b"]] * 5
    assert corpus["test.sum"].details["ids"] == list("01234")


def test_progress_only_grows_and_ends_with_all():
    """Halves of a sample do not count."""
    calls = []
    metrics = {"test.sum": Constant()}
    run_in_twos(SAMPLES, metrics, run_here, watch=RunWatch(progress=lambda *call: calls.append(call)))
    assert calls == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_no_samples_are_no_chunks():
    """The corpus still has its result."""
    metrics = {"test.sum": Constant()}
    rows, corpus = finish_run(metrics, run_in_twos([], metrics, run_here))
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
    progress.finish(other)
    progress.finish(one)
    assert calls == [(4, 10), (6, 10), (9, 10), (10, 10)]


def test_executor_that_loses_a_chunk_is_a_fault():
    """Rows that are missing would shift all that follow."""
    with pytest.raises(ValueError, match="shorter"):
        run_in_twos(SAMPLES, {}, lambda chunks, *_: (rows for rows in [[{}, {}]]))


def test_rows_are_reported_chunk_by_chunk():
    """With their samples and in order, before the run is at its end: what a kill leaves is what was reported."""
    reported = []
    metrics = {"a": None, "b": None, "test.sum": Constant()}

    def failing(chunks, *arguments):
        yield from itertools.islice(run_here(chunks, *arguments), 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_twos(SAMPLES, metrics, failing, watch=RunWatch(on_rows=lambda *chunk: reported.append(chunk)))
    assert [[s.id for s in samples] for samples, _ in reported] == [["0", "1"], ["2", "3"]]
    assert [[row["b"].score for row in rows] for _, rows in reported] == [[0, 0], [2, 2]]
