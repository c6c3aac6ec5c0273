"""A worker computes chunks on its own device, and reports how far it is."""

import sys

import numpy as np
import pytest

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.messages import ChunkDone, ChunkShare, ChunkTask, WantsChunk, WorkerFault
from avmeter.engine.executors.multi_gpu import gpu_worker
from avmeter.metrics.resolve import resolve_metrics
from avmeter.sample import as_samples
from support.media import tone


@pytest.fixture
def worker():
    made = gpu_worker()
    yield made
    made.stop()


def answer(channel):
    """The next message that is more than a wish."""
    while isinstance(message := channel.receive(), WantsChunk):
        pass
    return message


def test_chunks_are_given_when_wanted_and_answered_by_their_numbers(worker):
    """The second wish comes by itself, and does not wait for the run to take in the first answer."""
    channel = worker.connect()
    channel.send(EvaluatorConfig(device="cpu", loader_threads=1))
    metrics = resolve_metrics(["audio.loudness"])
    samples = as_samples([{"audio": (tone(440, 0.1, 16_000, 1), 16_000)}])
    waiting, done = [7, 3], []
    while len(done) < 2:
        message = channel.receive()
        if isinstance(message, WantsChunk) and waiting:
            channel.send(ChunkTask(number=waiting.pop(0), samples=samples, metrics=metrics))
        elif isinstance(message, ChunkDone):
            done.append(message.number)
    assert done == [7, 3]


def test_chunk_is_answered_by_shares_and_its_result(worker):
    """Rows in order, and what was computed for them alone."""
    channel = worker.connect()
    channel.send(EvaluatorConfig(device="cpu", loader_threads=1))
    metrics = resolve_metrics(["audio.loudness"])
    for level in (0.1, 0.3):
        samples = as_samples([{"audio": (tone(440, level * i, 16_000, 1), 16_000)} for i in (1, 2)])
        channel.send(ChunkTask(samples=samples, metrics=metrics))
        shares = []
        while not isinstance(message := channel.receive(), ChunkDone):
            if isinstance(message, ChunkShare):
                shares.append(message.share)
        assert shares == sorted(shares)
        scores = [row["audio.loudness"].score for row in message.result.rows]
        assert np.isfinite(scores).all()
        assert scores[0] < scores[1]
        assert message.counts.computed == {"loudness": 2}


def test_modules_that_register_extractors_are_imported_first(worker, tmp_path, monkeypatch):
    """A plug-in's extractor is known when the metric asks for it."""
    (tmp_path / "registers_one.py").write_text("import pathlib\npathlib.Path(__file__ + '.seen').touch()\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    channel = worker.connect()
    channel.send(EvaluatorConfig(device="cpu"))
    channel.send(ChunkTask(samples=[], metrics={}, modules=("registers_one",)))
    assert isinstance(answer(channel), ChunkDone)
    assert (tmp_path / "registers_one.py.seen").exists()


def test_traceback_of_a_worker_is_its_last_message(worker):
    """What ended it can be read where the run is, not only on the worker's own standard error."""
    channel = worker.connect()
    channel.send(EvaluatorConfig(device="cpu"))
    channel.send(ChunkTask(samples=[], metrics={}, modules=("no_such_module_anywhere",)))
    fault = answer(channel)
    assert isinstance(fault, WorkerFault)
    assert "No module named 'no_such_module_anywhere'" in fault.traceback
    with pytest.raises(EOFError):
        channel.receive()
