"""What another process cannot import runs here; rows and states of both stand in one result."""

import itertools

from avmeter.engine.executors.base import ChunkResult
from avmeter.engine.executors.corpus import start_states
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.remote import RemoteExecutor
from avmeter.metrics.resolve import resolve_metrics
from avmeter.metrics.simple_form import adapt
from avmeter.result import MetricResult
from avmeter.sample import as_samples
from support.engine import clip, computer


class Length:
    """A metric of a script."""

    requires_reference = False

    def compute(self, sample):
        return 1.0


class Elsewhere(RemoteExecutor):
    """Makes up what comes from elsewhere, and notes what was asked for."""

    devices = ()

    def __init__(self):
        super().__init__(LocalExecutor(computer()))
        self.asked = []

    def unload(self):
        pass

    def _chunk_sizes(self, samples, metrics):
        return itertools.repeat(2)

    def _remote_results(self, chunks, metrics, progress, should_stop):
        self.asked.append(list(metrics))
        for chunk in chunks:
            rows = [{name: MetricResult(name, float(chunk.start)) for name in metrics} for _ in chunk.samples]
            yield chunk, ChunkResult(rows=rows, states=start_states(metrics, of_part=True))


def test_rows_have_what_was_computed_elsewhere_and_here():
    """In the order in which metrics were asked for."""
    executor = Elsewhere()
    metrics = {"user.length": adapt("user.length", Length()), **resolve_metrics(["audio.loudness"])}
    rows, _ = executor.run(as_samples([clip(0.1 * i) for i in range(1, 4)]), metrics)
    assert [list(row) for row in rows] == [["user.length", "audio.loudness"]] * 3
    assert [row["audio.loudness"].score for row in rows] == [0, 0, 2]
    assert executor.asked == [["audio.loudness"]]


def test_nothing_is_asked_for_elsewhere_where_all_runs_here():
    """No process is started for it."""
    executor = Elsewhere()
    rows, _ = executor.run(as_samples([clip(0.1)]), {"user.length": adapt("user.length", Length())})
    assert [row["user.length"].score for row in rows] == [1.0]
    assert executor.asked == []
