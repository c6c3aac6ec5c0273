"""What a node does with the pieces of a run."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.messages import (
    ChunkDone,
    ChunkShare,
    RunStopped,
    WantsChunk,
    WorkerStarted,
    WorkerWarning,
)
from avmeter.engine.executors.ray_worker import RayWork, RayWorker
from avmeter.engine.store import writer
from avmeter.features.signal.loudness import LoudnessExtractor
from avmeter.metrics.base import Metric, Need
from avmeter.registry import EXTRACTORS
from avmeter.result import MetricResult
from avmeter.sample import Sample, as_samples
from support.media import write_media

RATE = 16_000
WITHIN_S = 120


class Chained(LoudnessExtractor):
    """What is done with a clip goes by its name; all are noted."""

    name = "test_chained"
    begun: set[str] = set()  # noqa: RUF012 - of one test
    second = threading.Event()
    stalled = threading.Event()

    def extract(self, media: Any) -> Any:
        name = Path(media.name).stem
        self.begun.add(name)
        if name == "second":
            self.second.set()
        if name == "first":
            assert self.second.wait(WITHIN_S), "the next piece is not begun before the last is answered"
        if name == "stalling":
            logging.getLogger("avmeter").warning("stalled")
            self.stalled.wait(WITHIN_S)
        if name == "failing":
            raise RuntimeError("too quiet")
        return super().extract(media)


class Begins(Metric):
    """One for every clip that was read."""

    name = "test.begins"
    direction = "none"

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="x", field="audio", extractor="test_chained"),)

    def score(self, sample: Sample, features: Any) -> MetricResult:
        return MetricResult(self.name, 1.0)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> RayWork:
    monkeypatch.setitem(EXTRACTORS._classes, "test_chained", Chained)
    monkeypatch.setattr(Chained, "begun", set())
    monkeypatch.setattr(Chained, "second", threading.Event())
    monkeypatch.setattr(Chained, "stalled", threading.Event())
    return RayWork(metrics={"test.begins": Begins()}, modules=[])


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[RayWorker]:
    config = EvaluatorConfig(executor="ray", device="cpu", loader_threads=2, store=tmp_path / "store")
    made = RayWorker(config, "cpu", num_workers=1)
    yield made
    Chained.stalled.set()
    made.close()


def piece(folder: Path, name: str) -> list[Sample]:
    wave = np.random.default_rng(len(name)).standard_normal(RATE).astype(np.float32) * 0.1
    write_media(folder / f"{name}.wav", wave=wave, sample_rate=RATE, audio_codec="pcm_f32le")
    return as_samples([{"id": name, "audio": str(folder / f"{name}.wav")}])


def until(worker: RayWorker, kind: type) -> list[Any]:
    """What the worker tells, up to the first message of a kind."""
    told: list[Any] = []
    while not any(isinstance(message, kind) for message in told):
        told += worker.news()
    return told


def test_next_piece_is_begun_before_the_last_is_answered(worker: RayWorker, work: RayWork, tmp_path: Path) -> None:
    """The first needs the second to be begun: one that is answered before it would wait for ever."""
    waiting = [(1, piece(tmp_path, "first")), (2, piece(tmp_path, "second"))]
    done: list[ChunkDone] = []
    while len(done) < 2:
        for message in worker.news():
            if isinstance(message, WantsChunk) and waiting:
                worker.give(work, *waiting.pop(0), run=1)
            elif isinstance(message, ChunkDone):
                done.append(message)
    assert [d.number for d in done] == [1, 2]
    assert [row["test.begins"].score for d in done for row in d.result.rows] == [1.0, 1.0]


def test_worker_gives_rows_counts_and_what_was_logged(
    worker: RayWorker, work: RayWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are those of this machine; warnings and tracebacks travel to the run, which is where people look."""
    monkeypatch.setattr(writer, "COMMIT_EVERY_S", 1e6)
    samples = [s for name in ("a", "failing", "stalling") for s in piece(tmp_path, name)]
    Chained.stalled.set()
    metrics = {**work.metrics, **EvaluatorConfig(device="cpu").resolve_metrics(["audio.loudness"])}
    worker.give(RayWork(metrics=metrics, modules=["avmeter.features.signal.loudness"]), 5, samples, run=1)
    told = until(worker, ChunkDone)
    assert isinstance(told[0], WorkerStarted)
    assert told[0].device.startswith("cpu")
    (done,) = (m for m in told if isinstance(m, ChunkDone))
    expected = LocalExecutor(EvaluatorConfig(device="cpu").build_computer()).run_chunk(samples, metrics)
    assert done.result.rows == expected.rows
    assert done.counts.computed == {"loudness": 3, "test_chained": 2}
    assert [m.text for m in told if isinstance(m, WorkerWarning)] == ["stalled"]
    assert "RuntimeError: too quiet" in done.log
    assert "stalled" not in done.log, "once is enough"
    shares = [m.share for m in told if isinstance(m, ChunkShare)]
    assert shares == sorted(shares)
    database = sqlite3.connect(tmp_path / "store" / "features.sqlite")
    assert database.execute("SELECT COUNT(*) FROM features").fetchone() == (5,), "stored before its answer is told"
    database.close()


def test_run_that_is_stopped_is_answered_and_the_next_one_computed(
    worker: RayWorker, work: RayWork, tmp_path: Path
) -> None:
    """What was begun comes with skips, what was not is forgotten, and so is what comes late for a stopped run."""
    until(worker, WantsChunk)
    worker.give(work, 1, piece(tmp_path, "stalling"), run=1)
    told = until(worker, WorkerWarning)
    worker.stop(1)
    Chained.stalled.set()
    told += until(worker, RunStopped)
    worker.give(work, 2, piece(tmp_path, "late"), run=1)
    worker.give(work, 3, piece(tmp_path, "next"), run=2)
    told += until(worker, ChunkDone)
    while not any(m.number == 3 for m in told if isinstance(m, ChunkDone)):
        told += worker.news()
    assert [m.number for m in told if isinstance(m, ChunkDone)] == [1, 3]
    assert "late" not in Chained.begun


def test_what_ends_a_worker_is_raised_after_all_else_is_told(worker: RayWorker, work: RayWork, tmp_path: Path) -> None:
    """What it warned of says more about the end than the end itself."""
    worker.give(work, 1, piece(tmp_path, "a"), run=1)
    until(worker, ChunkDone)
    logging.getLogger("avmeter").warning("last words")
    worker.give(RayWork(metrics={}, modules=["no_such_module_anywhere"]), 2, [], run=1)
    worker._thread.join(WITHIN_S)
    assert WorkerWarning(text="last words") in worker.news()
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        worker.news()


def test_worker_says_why_it_cannot_start(tmp_path: Path) -> None:
    """Whoever has it started learns it: a store that cannot be opened is this node's."""
    (tmp_path / "file").write_text("")
    config = EvaluatorConfig(executor="ray", device="cpu", store=tmp_path / "file" / "store")
    with pytest.raises(Exception, match="store"):
        RayWorker(config, "cpu", num_workers=1)
