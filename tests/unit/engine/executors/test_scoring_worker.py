"""A worker scores what is stored, and says by position which samples it could score."""

import pickle
from pathlib import Path

import pytest

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.corpus import finish_states, merge_states, start_states
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.messages import ChunkTask, PartsDone, ScoringSetup, WantsChunk, WorkerFault
from avmeter.engine.executors.scoring_executor import scoring_worker
from avmeter.engine.executors.scoring_worker import StoredScorer, _answer_tasks
from avmeter.engine.store import SqliteStore
from avmeter.media import hashing
from avmeter.metrics.resolve import resolve_metrics
from avmeter.sample import as_samples
from support.engine import CompareMetric, MeanMetric, SumMetric, clip, clip_file, computer

METRICS = {"test.mean": MeanMetric(), "test.sum": SumMetric()}


@pytest.fixture
def store(tmp_path):
    made = SqliteStore(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture
def samples(tmp_path):
    """Six clips in files, one missing."""
    made = [clip_file(tmp_path, 0.1 * i) for i in range(1, 7)]
    made[3] = {"id": "gone", "audio": str(tmp_path / "gone.wav")}
    return as_samples(made)


def test_stored_chunk_is_scored_whole(samples, store):
    """With the rows and states that a run has; clips that are known to be skips are among them."""
    expected = LocalExecutor(computer(store)).run(samples, METRICS)
    parts, num_stored = StoredScorer(computer(store)).score(samples, METRICS)
    assert (list(parts), num_stored) == ([0], 5)
    states = merge_states(METRICS, start_states(METRICS), parts[0].states)
    assert (parts[0].rows, finish_states(METRICS, states)) == expected


def test_samples_that_lack_a_feature_are_left_out_and_those_between_them_scored(samples, store):
    """Nothing is computed; what they had of the store is counted, and the rest by whoever computes it."""
    expected, _ = LocalExecutor(computer(store)).run(samples[:1] + samples[2:5], METRICS)
    engine = computer(store)
    parts, num_stored = StoredScorer(engine).score(samples, METRICS)
    assert {start: len(result.rows) for start, result in parts.items()} == {0: 1, 2: 3}
    assert [row for result in parts.values() for row in result.rows] == expected
    assert (num_stored, engine.counts.computed, engine.counts.store_reads) == (3, {}, 0)
    assert parts[2].states["test.sum"].state.ids == [samples[2].id, samples[4].id]


def test_clips_in_memory_are_never_scored(store):
    """They are not stored."""
    samples = as_samples([clip(0.1), clip(0.2)])
    LocalExecutor(computer(store)).run(samples, METRICS)
    assert StoredScorer(computer(store)).score(samples, METRICS)[0] == {}


def test_derived_feature_is_enough_without_its_parents(samples, store, monkeypatch):
    """What it was made of is not asked for."""
    pairs = as_samples([{"audio": s.source("audio").path, "reference_audio": s.source("audio").path} for s in samples])
    metrics = {CompareMetric.name: CompareMetric()}
    expected = LocalExecutor(computer(store)).run(pairs, metrics)
    parts, _ = StoredScorer(computer(store)).score(pairs, metrics)
    assert parts[0].rows == expected[0]


class CountsInALambda(SumMetric):
    """Its state cannot be pickled."""

    def start(self):
        return lambda: 0


class Tasks:
    """A channel with some tasks in it, and what was answered."""

    def __init__(self, *tasks):
        self.tasks, self.sent = list(tasks), []

    def receive(self):
        if not self.tasks:
            raise EOFError
        return self.tasks.pop(0)

    def send(self, message):
        pickle.dumps(message)
        self.sent.append(message)


def test_hashes_are_taken_from_the_run_and_new_ones_given_to_it(samples, store, monkeypatch):
    """A file is read once for its hash, whoever has the chunk it is in; one that is written to meanwhile again."""
    LocalExecutor(computer(store)).run(samples, METRICS)
    reads, hash_file = [], hashing._hash_file
    monkeypatch.setattr(hashing, "_hash_file", lambda path: reads.append(path) or hash_file(path))
    monkeypatch.setattr(hashing, "_SETTLED_NS", -1)
    monkeypatch.setattr(hashing, "_known", {})
    paths = [str(sample.media["audio"].path) for sample in samples]
    hashes = {}
    for chunk, expected in ((samples[:3], paths[:3]), (samples[:5], paths[4:5]), (samples[:5], paths[1:2])):
        channel = Tasks(ChunkTask(samples=chunk, metrics=METRICS, hashes=dict(hashes)))
        hashing._known.clear()
        if expected == paths[1:2]:
            Path(expected[0]).touch()
        with pytest.raises(EOFError):
            _answer_tasks(channel, StoredScorer(computer(store)))
        (done,) = (m for m in channel.sent if isinstance(m, PartsDone))
        assert sorted(done.hashes) == sorted(reads) == expected
        hashes |= done.hashes
        reads.clear()


def test_results_that_cannot_be_sent_are_left_to_the_run(samples, store):
    """Neither the worker nor the clips are to blame; the next chunk is answered."""
    LocalExecutor(computer(store)).run(samples, METRICS)
    run = Tasks(
        ChunkTask(number=0, samples=samples, metrics={"test.sum": CountsInALambda()}),
        ChunkTask(number=6, samples=samples, metrics=METRICS),
    )
    with pytest.raises(EOFError):
        _answer_tasks(run, StoredScorer(computer(store)))
    first, second = (message for message in run.sent if isinstance(message, PartsDone))
    assert (first.number, first.parts, first.counts.store_reads) == (0, {}, 0)
    assert "lambda" in first.log
    assert (second.number, list(second.parts), second.counts.store_reads) == (6, [0], 5)


def test_worker_answers_by_numbers_and_its_fault_is_its_last_message(tmp_path):
    """The next chunk is asked for before the last is scored; no store is no reason to die."""
    worker = scoring_worker()
    try:
        channel = worker.connect()
        channel.send(ScoringSetup(config=EvaluatorConfig(device="cpu", store=tmp_path), fingerprints={}))
        metrics = resolve_metrics(["audio.loudness"])
        samples = as_samples([clip_file(tmp_path, 0.1), {"audio": str(tmp_path / "gone.wav")}])
        channel.send(ChunkTask(number=7, samples=samples, metrics=metrics))
        assert isinstance(channel.receive(), WantsChunk)
        channel.send(ChunkTask(number=3, samples=samples[1:], metrics=metrics))
        answers = [m for m in (channel.receive() for _ in range(3)) if isinstance(m, PartsDone)]
        assert [(a.number, list(a.parts)) for a in answers] == [(7, [1]), (3, [0])]
        channel.send(ChunkTask(samples=[], metrics={}, modules=("no_such_module_anywhere",)))
        assert isinstance(channel.receive(), WantsChunk)
        fault = channel.receive()
        assert isinstance(fault, WorkerFault)
        assert "no_such_module_anywhere" in fault.traceback
        with pytest.raises(EOFError):
            channel.receive()
    finally:
        worker.stop()
