"""Disks, locks and clocks that fail while a set is scored: the scores stay, and one message says what was lost."""

from __future__ import annotations

import itertools
import json
import logging
import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter.engine.store import sqlite_store, writer
from avmeter.engine.store.database import connect
from avmeter.evaluator import Evaluator
from avmeter.run import read_run
from support.commandline import avmeter
from support.media import write_media
from support.stores import locked, num_on_disk

RATE = 16_000
NUM_CLIPS = 24


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder, rng = tmp_path_factory.mktemp("clips"), np.random.default_rng(0)
    for i in range(NUM_CLIPS):
        noise = (0.1 * rng.standard_normal(RATE // 2)).astype(np.float32)
        write_media(folder / f"{i:02}.wav", wave=noise, sample_rate=RATE, audio_codec="pcm_s16le")
    return [{"audio": str(path)} for path in sorted(folder.iterdir())]


def scores(clips: list[dict[str, Any]], store: Path | None) -> list[float | None]:
    evaluator = Evaluator(["audio.loudness"], "cpu", store=store)
    found = [row["audio.loudness"].score for row in evaluator.evaluate(clips)]
    evaluator.shutdown()
    return found


@pytest.fixture(scope="module")
def expected(clips: list[dict[str, Any]]) -> list[float | None]:
    return scores(clips, None)


def test_store_on_a_disk_that_fills_up(
    clips: list[dict[str, Any]], expected: list[float | None], tmp_path: Path, monkeypatch: Any, caplog: Any
) -> None:
    """Scores go on with one warning; what was stored before is intact, and the next run adds the rest."""

    def small(path: Path, *, busy_timeout_s: float) -> sqlite3.Connection:
        database = connect(path, busy_timeout_s=busy_timeout_s)
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {max(pages, 5)}")
        return database

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "avmeter"):
        patch.setattr(writer, "connect", small)
        assert scores(clips, tmp_path) == expected
    assert caplog.text.count("features are no longer stored") == 1
    assert "full" in caplog.text
    assert num_on_disk(tmp_path) < NUM_CLIPS
    assert scores(clips, tmp_path) == expected
    assert num_on_disk(tmp_path) == NUM_CLIPS


def test_store_that_another_process_locks_throughout(
    clips: list[dict[str, Any]], expected: list[float | None], tmp_path: Path, monkeypatch: Any
) -> None:
    """The run does not wait for it; features are stored once the lock is gone."""
    scores(clips[:1], tmp_path)
    monkeypatch.setattr(sqlite_store, "_BUSY_TIMEOUT_S", 0.1)
    evaluator = Evaluator(["audio.loudness"], "cpu", store=tmp_path)
    with locked(tmp_path):
        results = evaluator.evaluate(clips)
        assert num_on_disk(tmp_path) == 1
    evaluator.shutdown()
    assert [row["audio.loudness"].score for row in results] == expected
    assert num_on_disk(tmp_path) == NUM_CLIPS


def test_store_that_is_damaged_while_a_run_has_it(
    clips: list[dict[str, Any]], expected: list[float | None], tmp_path: Path
) -> None:
    """Its pages are overwritten under an open evaluator: scores are right, computed anew or not."""
    scores(clips, tmp_path)
    evaluator = Evaluator(["audio.loudness"], "cpu", store=tmp_path)
    file = tmp_path / "features.sqlite"
    content = bytearray(file.read_bytes())
    content[4096:] = np.random.default_rng(0).bytes(len(content) - 4096)
    with file.open("r+b") as damaged:
        damaged.write(content)
    assert [row["audio.loudness"].score for row in evaluator.evaluate(clips)] == expected
    evaluator.shutdown()


def test_clock_of_the_day_that_jumps_changes_nothing(
    clips: list[dict[str, Any]], expected: list[float | None], tmp_path: Path, monkeypatch: Any
) -> None:
    """Back by a year and forth by a day, at every look: scores, store and durations are as ever."""
    now, jumps = time.time(), itertools.cycle([-3e7, 86_400.0, 0.0])
    monkeypatch.setattr(time, "time", lambda: now + next(jumps))
    monkeypatch.setattr(time, "time_ns", lambda: int((now + next(jumps)) * 1e9))
    run = tmp_path / "run"
    folder = Path(clips[0]["audio"]).parent
    done = avmeter("score", folder, "-m", "audio.loudness", "--store", tmp_path / "store", "--out", run)
    assert done.code == 0, done.err
    assert [row["audio.loudness"].score for row in read_run(run)] == expected
    assert 0 <= json.loads((run / "run.json").read_text())["provenance"]["duration_s"] < 60
    assert num_on_disk(tmp_path / "store") == NUM_CLIPS
