"""Several workers give the results of one; a clip that kills workers is skipped by name and costs no other."""

import importlib
import os
import signal
import sys
import threading

import numpy as np
import pytest

from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.base import ChunkResult
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.messages import ChunkDone, ChunkTask, WantsChunk
from avmeter.engine.executors.multi_gpu import MultiGpuExecutor, gpu_worker
from avmeter.engine.ipc.process import Process
from avmeter.errors import SkipCode
from avmeter.metrics.resolve import resolve_metrics
from avmeter.metrics.simple_form import adapt
from avmeter.sample import as_samples
from support import require
from support.media import click, write_media

RATE = 16_000
DIES_AT_WORK = [sys.executable, "-c", """
import sys
from avmeter.engine.ipc.process import connect_to_run
channel = connect_to_run(int(sys.argv[1]))
channel.receive()
channel.receive()
"""]  # fmt: skip
DIES_OVER_ONE_CLIP = """
import os, sys
from avmeter.engine.executors import gpu_worker, local
score_chunk = local.score_chunk

def die_over_one(samples, *args, **kwargs):
    if "clip1" in {s.id for s in samples}:
        os.kill(os.getpid(), 9)
    return score_chunk(samples, *args, **kwargs)

local.score_chunk = die_over_one
gpu_worker.serve(int(sys.argv[1]))
"""
NAMES = ["audio.loudness", "audio.frechet_distance"]
OPTIONS = {"audio.frechet_distance": {"backbone": "yamnet"}}


def config(**changes):
    return EvaluatorConfig(device="cpu", loader_threads=1, **changes)


def executor(*workers, chunk_size=2, **changes):
    run = config(**changes)
    local = LocalExecutor(run.build_computer())
    return MultiGpuExecutor(run, ["cpu", "cpu"], local, chunk_size=chunk_size, workers=workers or None)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Seven clips with references, one of them missing."""
    folder, rng = tmp_path_factory.mktemp("clips"), np.random.default_rng(0)
    made = []
    for i in range(7):
        paths = []
        for side in "gr":
            wave = (rng.standard_normal(RATE * 2) * 0.05 * (i + 1) + click(0.3 + i / 10, RATE, 2)).astype(np.float32)
            path = folder / f"{side}{i}.wav"
            write_media(path, wave=wave, sample_rate=RATE, audio_codec="pcm_f32le")
            paths.append(str(path))
        made.append({"id": f"clip{i}", "audio": paths[0], "reference_audio": paths[1]})
    made[4]["audio"] = str(folder / "absent.wav")
    return as_samples(made)


@pytest.fixture
def metrics():
    require.weights("yamnet")
    return resolve_metrics(NAMES, protocol="fastvideo", options=OPTIONS, skip_missing_deps=False)


@pytest.fixture(scope="module")
def pool():
    made = executor()
    yield made
    made.unload()


def test_two_workers_give_the_results_of_one(samples, metrics, pool):
    """Scores, skips, corpus values and their counts, in the same order; the work is counted."""
    told = []
    before = pool.counts.copy()
    rows, corpus = pool.run(samples, metrics, lambda done, total: told.append((done, total)))
    alone = LocalExecutor(config().build_computer())
    expected, expected_corpus = alone.run(samples, metrics)
    assert [list(r) for r in rows] == [list(r) for r in expected]
    for row, other in zip(rows, expected, strict=True):
        for name, result in row.items():
            assert (result.score, result.skip) == (other[name].score, other[name].skip)
    for name, result in corpus.items():
        assert result.score == expected_corpus[name].score
        assert result.details["left_out"] == expected_corpus[name].details["left_out"] == {"missing_file": 1}
    assert pool.counts.since(before).computed == alone.counts.computed
    assert told == sorted(set(told))
    assert told[-1] == (7, 7)


def test_worker_that_was_killed_gives_its_chunk_to_another(samples, metrics, pool):
    """Nothing is skipped that could be computed."""
    killed = threading.Event()

    def kill_once(done, total):
        if not killed.is_set():
            killed.set()
            os.kill(pool.workers[0].pid, signal.SIGKILL)

    rows, _ = pool.run(samples, metrics, kill_once)
    assert killed.is_set()
    assert [r["audio.loudness"].skip and r["audio.loudness"].skip.code for r in rows] == [
        None, None, None, None, "missing_file", None, None,
    ]  # fmt: skip


@pytest.mark.endurance
def test_chunk_that_kills_every_worker_is_skipped_by_name(samples, metrics):
    """Each sample and each corpus says so; the run ends."""
    pool = executor(*[Process("none", command=DIES_AT_WORK) for _ in range(2)])
    rows, corpus = pool.run(samples[:3], metrics)
    assert {r["audio.loudness"].skip.code for r in rows} == {SkipCode.WORKER_DIED}
    assert corpus["audio.frechet_distance"].details["left_out"] == {"worker_died": 3}


@pytest.mark.endurance
def test_clip_that_kills_its_workers_is_skipped_by_name_and_no_other(samples, metrics):
    """Of the chunk it is in, with two workers that die whenever the clip is among what they get."""
    command = [sys.executable, "-c", DIES_OVER_ONE_CLIP]
    pool = executor(*[Process("none", command=command) for _ in range(2)])
    finished = []
    rows, corpus = pool.run(samples, metrics, on_rows=lambda part, _: finished.append(len(part)))
    pool.unload()
    codes = [r["audio.loudness"].skip and str(r["audio.loudness"].skip.code) for r in rows]
    assert codes == [None, "worker_died", None, None, "missing_file", None, None]
    assert corpus["audio.frechet_distance"].details["left_out"] == {"worker_died": 1, "missing_file": 1}
    alone, _ = LocalExecutor(config().build_computer()).run(samples, metrics)
    assert [r["audio.loudness"].score for r in rows if not r["audio.loudness"].skip] == [
        r["audio.loudness"].score for i, r in enumerate(alone) if i not in (1, 4)
    ]
    assert sum(finished) == 7


def test_rows_come_while_others_are_computed(samples, metrics, pool):
    """A run that dies has the rows of what was finished before."""

    def come_early():
        done = []
        pool.run(samples, metrics, lambda n, _: done.append(n), on_rows=lambda part, _: done.append(part[0].id))
        return done.index("clip0") < done.index(7)

    # The worker that has the first clip may happen to be the last to finish.
    assert any(come_early() for _ in range(5))


@pytest.mark.endurance
def test_device_that_kills_its_worker_every_time_costs_no_sample(samples, metrics):
    """What it gave back is done by the others, and it is not given everything there is."""
    pool = executor(Process("none", command=DIES_AT_WORK), gpu_worker(), chunk_size=1)
    rows, corpus = pool.run(samples, metrics)
    assert {r["audio.loudness"].skip and str(r["audio.loudness"].skip.code) for r in rows} == {None, "missing_file"}
    assert corpus["audio.frechet_distance"].details["left_out"] == {"missing_file": 1}
    pool.unload()


def test_workers_that_cannot_be_started_leave_the_run_to_this_process(samples, metrics, caplog):
    """No sample is to blame, so none is skipped for it; the log tells why, once per device."""
    pool = executor(*[Process("none", command=["/no/such/program"]) for _ in range(2)])
    told = []
    rows, _ = pool.run(samples, metrics, lambda done, total: told.append((done, total)))
    assert {r["audio.loudness"].skip and str(r["audio.loudness"].skip.code) for r in rows} == {None, "missing_file"}
    assert told[-1] == (7, 7)
    assert caplog.text.count("no worker on cpu") == 2


@pytest.mark.endurance
def test_progress_that_raises_ends_the_run_and_not_the_next_one(samples, metrics, pool):
    """It is called by the thread that runs, its exception is the caller's; the next run reads nothing of this one."""
    threads = []

    def refuse(done, total):
        threads.append(threading.current_thread())
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        pool.run(samples, metrics, refuse)
    assert threads == [threading.current_thread()]
    rows, _ = pool.run(samples[4:6], metrics)
    assert [r["audio.loudness"].skip and str(r["audio.loudness"].skip.code) for r in rows] == ["missing_file", None]
    expected, _ = LocalExecutor(config().build_computer()).run(samples[5:6], metrics)
    assert rows[1]["audio.loudness"].score == expected[0]["audio.loudness"].score


class ScriptedWorker(Process):
    """Answers without computing; asks for the next piece before it answers the last, or after.

    Attributes:
        num_waiting: Of every piece that it took, how many lay behind it already.
    """

    def __init__(self):
        super().__init__("none")
        self.queue, self.num_waiting, self.is_connected = [], [], False
        self._messages = self._work()

    pid = property(lambda self: 1 if self.is_connected else None)

    def connect(self):
        self.is_connected = True
        return self

    def send(self, message):
        if isinstance(message, ChunkTask):
            self.queue.append(message)

    def receive(self):
        return next(self._messages)

    def _work(self):
        yield WantsChunk()
        while True:
            task = self.queue.pop(0)
            self.num_waiting.append(len(self.queue))
            done = ChunkDone(number=task.number, result=ChunkResult(rows=[{} for _ in task.samples]), counts=Counts())
            wish = WantsChunk(after=task.number)
            yield from [wish, done] if len(self.num_waiting) % 3 else [done, wish]


def test_worker_is_given_a_piece_for_each_wish(samples):
    """Neither the wish that a worker starts with, nor one that the last run has not read, brings another piece."""
    worker = ScriptedWorker()
    pool = executor(worker, chunk_size=1)
    for _ in range(2):
        pool.run(samples, resolve_metrics(["audio.loudness"]))
    assert worker.num_waiting == [0] * 2 * len(samples)


def test_no_samples_and_more_workers_than_chunks_are_fine(samples, metrics, pool):
    """Nothing waits for work that never comes."""
    assert pool.run([], metrics)[0] == []
    assert len(pool.run(samples[:1], metrics)[0]) == 1


class Length:
    """A metric of a script, which no other process could import."""

    requires_reference = False

    def compute(self, sample):
        return float(os.getpid())


def test_metric_from_elsewhere_runs_in_this_process(samples, metrics, pool):
    """Its results stand where they were asked for."""
    both = {"user.pid": adapt("user.pid", Length()), **metrics}
    rows, _ = pool.run(samples[:2], both)
    assert [next(iter(r)) for r in rows] == ["user.pid"] * 2
    assert [r["user.pid"].score for r in rows] == [os.getpid()] * 2


def test_metric_of_a_plugin_runs_in_the_workers(samples, metrics, pool, tmp_path, monkeypatch):
    """Its group is not one of this package's; another process can import it, and that is what counts."""
    pool.unload()  # workers have the path of the time at which they are started
    (tmp_path / "plugin_on_gpus.py").write_text(PLUGIN)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    plugin = importlib.import_module("plugin_on_gpus")
    rows, _ = pool.run(samples, {"mine.pid": plugin.Pid()})
    found = {row["mine.pid"].score for row in rows if row["mine.pid"].score is not None}
    assert os.getpid() not in found
    assert len(found) == 2
    pool.unload()


PLUGIN = """
import os
from avmeter import Metric, MetricResult, Need

class Pid(Metric):
    name = "mine.pid"
    direction = "none"

    @property
    def needs(self):
        return (Need(name="x", field="audio", extractor="loudness"),)

    def score(self, sample, features):
        return MetricResult(self.name, float(os.getpid()))
"""


@pytest.fixture
def interruptible():
    """Ctrl-C raises, also where the tests run in the background of a shell, which makes processes ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.endurance
def test_interrupted_run_ends_its_workers_and_keeps_what_they_have(samples, metrics, tmp_path):
    """Ctrl-C while chunks are out: features that were computed are in the store, and no process is left."""
    pool = executor(store=tmp_path)
    pids = []

    def interrupt(done, total):
        if done >= 3 and not pids:
            pids.extend(w.pid for w in pool.workers)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        pool.run(samples, metrics, interrupt)
    assert [w.pid for w in pool.workers] == [None, None]
    assert len(pids) == 2
    assert not [t for t in threading.enumerate() if "_drive" in t.name]
    again = LocalExecutor(config(store=tmp_path).build_computer())
    again.run(samples, metrics)
    assert again.counts.store_reads >= 3


def test_fault_of_the_run_itself_is_raised(samples, metrics, pool):
    """What fails on the way of a message is no dead worker."""
    metrics["audio.loudness"].unpicklable = lambda: None
    with pytest.raises(Exception, match="pickle"):
        pool.run(samples, metrics)
