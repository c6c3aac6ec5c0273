"""Workers score what is stored, with the results of one process; what is missing is computed in this one, once."""

import dataclasses
import os
import shutil
import signal
import sys
import threading

import numpy as np
import pytest

from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.messages import PartsDone
from avmeter.engine.executors.scoring_executor import ScoringExecutor, scoring_worker
from avmeter.engine.ipc.process import Process
from avmeter.engine.plan import make_plan
from avmeter.features.base import Features
from avmeter.metrics.resolve import resolve_metrics
from avmeter.sample import as_samples
from support.media import click, write_media

RATE = 16_000
DIES_AT_WORK = [sys.executable, "-c", """
import sys
from avmeter.engine.ipc.process import connect_to_run
channel = connect_to_run(int(sys.argv[1]))
channel.receive()
channel.receive()
"""]  # fmt: skip
NUM_CLIPS = 9


@pytest.fixture(scope="module")
def metrics():
    options = {"audio.frechet_distance": {"backbone": "yamnet"}}
    return resolve_metrics(["audio.loudness", "audio.frechet_distance"], options=options)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Nine clips with references: the fifth is missing, the seventh no media file, the last one new."""
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for i in range(NUM_CLIPS):
        path = folder / f"{i}.wav"
        wave = click(0.1 * i, RATE, 1).astype(np.float32)
        write_media(path, wave=wave, sample_rate=RATE, audio_codec="pcm_f32le")
        made.append({"id": f"clip{i}", "audio": str(path), "reference_audio": str(folder / f"{i - i % 2}.wav")})
    made[4]["audio"] = str(folder / "absent.wav")
    (folder / "6.wav").write_bytes(b"no sound")
    return as_samples(made)


def config(store):
    return EvaluatorConfig(device="cpu", weights="dummy", loader_threads=1, loader_processes=0, store=store)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, samples, metrics):
    """A store with made-up embeddings of all clips, and the loudness of those that have one but for the last."""
    store, rng = tmp_path_factory.mktemp("store"), np.random.default_rng(0)
    local = LocalExecutor(config(store).build_computer())
    local.run(samples[:-1], {"audio.loudness": metrics["audio.loudness"]})
    demand = local.computer.demand(make_plan(samples, {"x": metrics["audio.frechet_distance"]}, {}))
    for key in demand.direct:
        embedding = rng.standard_normal((2, 64)).astype(np.float32)
        facts = {"used_seconds": 1.0}
        local.computer.store.put(key, Features(arrays={"embedding": embedding}, facts=facts, dummy=True))
    local.computer.store.close()
    return store


@pytest.fixture(scope="module")
def shared(folder):
    made = executor(folder, scoring_worker(), scoring_worker())
    yield made
    made.unload()


def executor(folder, *workers, chunk_size=3):
    run = config(folder)
    return ScoringExecutor(run, LocalExecutor(run.build_computer()), workers=workers, chunk_size=chunk_size)


def alone(samples, metrics, folder):
    return LocalExecutor(config(folder).build_computer()).run(samples, metrics)


def test_results_are_those_of_one_process_and_nothing_is_computed_here(samples, metrics, shared, folder):
    """Scores, skips and details of every clip and of the corpus; features are counted."""
    stored = samples[:6]
    reported, before = [], shared.counts.copy()
    rows, corpus = shared.run(stored, metrics, lambda done, total: reported.append((done, total)))
    assert (rows, corpus) == alone(stored, metrics, folder)
    assert corpus["audio.frechet_distance"].details["left_out"] == {"missing_file": 1}
    counts = shared.counts.since(before)
    assert (counts.computed, counts.store_reads > 0, shared._local.counts.store_reads) == ({}, True, 0)
    assert reported == sorted(set(reported))
    assert reported[-1] == (6, 6)


def test_what_is_missing_is_computed_here_and_once(samples, metrics, shared, folder, tmp_path):
    """A clip that is new, and a file that nobody can read; those beside them are scored elsewhere, and all in order."""
    expected = alone(samples, metrics, shutil.copytree(folder, tmp_path / "copy"))
    events, before = [], shared.counts.copy()
    found = shared.run(
        samples, metrics, lambda done, _: events.append(done), on_rows=lambda part, rows: events.append((part, rows))
    )
    assert found == expected
    assert shared.counts.since(before).computed == {"loudness": 1}
    assert [str(r["audio.loudness"].skip.code) for r in found[0] if r["audio.loudness"].skip] == [
        "missing_file", "unreadable",
    ]  # fmt: skip
    done = [event for event in events if isinstance(event, int)]
    assert (done, done[-1]) == (sorted(set(done)), NUM_CLIPS)
    parts = [event for event in events if not isinstance(event, int)]
    assert [row for _, rows in parts for row in rows] == found[0]


class LacksAll(Process):
    """A worker that finds no feature stored, and says so of the second piece once the rows of the first have come."""

    pid = 1

    def __init__(self):
        super().__init__("none")
        self.tasks, self.rows_came = [], threading.Event()

    def connect(self):
        return self

    def send(self, message):
        self.tasks.append(message)

    def receive(self):
        if self.tasks[0].number == 1:
            assert self.rows_came.wait(60), "nothing comes before the last worker is done"
        return PartsDone(number=self.tasks.pop(0).number, parts={}, counts=Counts())


def test_rows_come_while_workers_have_others(samples, metrics, folder):
    """A first chunk that lacks a feature is computed meanwhile: what a kill costs is little."""
    worker, came = LacksAll(), []
    pool = executor(folder, worker)

    def note(part, _):
        came.extend(sample.id for sample in part)
        worker.rows_came.set()

    assert pool.run(samples[:6], metrics, on_rows=note) == alone(samples[:6], metrics, folder)
    assert came == [sample.id for sample in samples[:6]]


def test_clips_that_cannot_be_sent_are_scored_here(samples, metrics, shared, folder):
    """With a lock, and with an object of a class that no other process finds."""
    own = [dataclasses.replace(samples[1], extras={"lock": threading.Lock()})]
    own += [dataclasses.replace(samples[2], extras={"object": type("OfAScript", (), {})()})]
    mixed = [samples[0], own[0], *samples[3:6], own[1]]
    assert shared.run(mixed, metrics) == alone(mixed, metrics, folder)


def test_one_clip_and_none_are_fine(samples, metrics, shared, folder):
    """There are more workers than chunks."""
    assert shared.run(samples[:1], metrics) == alone(samples[:1], metrics, folder)
    assert shared.run([], metrics)[0] == []


@pytest.mark.endurance
def test_worker_that_dies_leaves_its_clips_to_the_other(samples, metrics, folder):
    """One that is killed at its first chunk, one that lives."""
    pool = executor(folder, Process("none", command=DIES_AT_WORK), scoring_worker(), chunk_size=1)
    assert pool.run(samples[:6], metrics) == alone(samples[:6], metrics, folder)
    pool.unload()


def test_worker_that_is_killed_in_a_run_costs_no_score(samples, metrics, shared, folder):
    """The chunks it had are scored by the other, or by itself when it was started again."""
    killed = []

    def kill_once(done, total):
        if not killed:
            killed.append(shared.workers[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    shared.run(samples[:6], metrics)
    assert shared.run(samples[:6], metrics, kill_once) == alone(samples[:6], metrics, folder)
    assert killed


def test_workers_that_cannot_be_started_leave_the_run_to_this_process(samples, metrics, folder):
    """And so does a stop: what was not begun is skipped."""
    pool = executor(folder, Process("none", command=["/no/such/program"]))
    assert pool.run(samples[:6], metrics) == alone(samples[:6], metrics, folder)
    rows, _ = pool.run(samples[:6], metrics, should_stop=lambda: True)
    assert {str(row["audio.loudness"].skip.code) for row in rows} == {"interrupted"}


def test_workers_see_no_gpu_and_are_sent_fingerprints(samples, metrics, folder):
    """They neither make a context on a device nor hash checkpoints."""
    worker = scoring_worker()
    assert worker._environment["CUDA_VISIBLE_DEVICES"] == ""
    pool = executor(folder, worker)
    pool.fingerprints = pool._local.computer.fingerprints(make_plan(samples[:1], metrics, {}))
    (own,) = pool._configs
    setup = pool._setup(own)
    assert (own.device, own.scoring_processes, own.loader_processes) == ("cpu", None, 0)
    assert {name[2:8] for name in setup.fingerprints} == {"loudne", "yamnet"}
