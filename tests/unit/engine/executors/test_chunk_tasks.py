"""Chunks that a run sends one after another: asked for in time, and answered in their order."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from avmeter.engine.executors.chunk_tasks import _in_steps, answer_chunks
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.messages import ChunkDone, ChunkTask, WantsChunk
from avmeter.engine.run_log import RunLog, failure_logger
from avmeter.features.base import Window
from avmeter.media import AudioSpec
from avmeter.registry import EXTRACTORS
from avmeter.sample import as_samples
from support.engine import RATE, Blocks, MeanMetric, clip, computer

WITHIN_S = 120


class Held(Blocks):
    """Holds up the network over the first clip until `release`."""

    name = "test_held"
    is_concurrent = True
    release = threading.Event()

    def windows(self, media):
        yield Window(inputs={"x": np.asarray(media.audio(AudioSpec(sample_rate=RATE))[:800])})

    def forward(self, batch):
        if bool((batch["x"][:, 0] < 0.15).any()):
            assert self.release.wait(WITHIN_S), "the next chunk is not asked for before the first is done"
        failure_logger().debug("computed")
        return super().forward(batch)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> type[Held]:
    monkeypatch.setitem(EXTRACTORS._classes, "test_held", Held)
    monkeypatch.setattr(Held, "release", threading.Event())
    return Held


class Run:
    """Hands out chunks, and releases the network over the first once the second was asked for."""

    def __init__(self, *levels: float) -> None:
        self.tasks: list[ChunkTask | None] = [
            ChunkTask(number=10 + i, samples=as_samples([clip(level)]), metrics={"test.mean": MeanMetric("test_held")})
            for i, level in enumerate(levels)
        ]
        self.told: list[Any] = []

    def send(self, message: Any) -> None:
        self.told.append(message)
        if sum(isinstance(m, WantsChunk) for m in self.told) == 2:
            Held.release.set()

    def receive(self) -> ChunkTask | None:
        return self.tasks.pop(0) if self.tasks else None

    def done(self) -> list[ChunkDone]:
        return [message for message in self.told if isinstance(message, ChunkDone)]


@pytest.mark.usefixtures("held")
def test_next_chunk_is_asked_for_while_one_is_computed() -> None:
    """The answers are in order all the same, each with its own counts, and what was logged is told once."""
    run, log = Run(0.1, 0.2, 0.3), RunLog()
    failure_logger().addHandler(log)
    try:
        answer_chunks(LocalExecutor(computer(num_threads=2)), run, log)
    finally:
        failure_logger().removeHandler(log)
    assert [done.number for done in run.done()] == [10, 11, 12]
    scores = [done.result.rows[0]["test.mean"].score for done in run.done()]
    assert scores == pytest.approx([0.1, 0.2, 0.3])
    assert sum(done.counts.computed.get("test_held", 0) for done in run.done()) == 3
    assert "computed" in "".join(done.log for done in run.done())


def test_progress_is_sent_in_steps() -> None:
    """Thousands of messages that say nothing new would cost more than they tell."""
    sent: list[float] = []
    progress = _in_steps(sent.append)
    for i in range(1001):
        progress(i / 1000)
    assert 90 <= len(sent) <= 101
