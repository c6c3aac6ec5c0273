"""Weights & Biases."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import UsageError
from avmeter.training.trackers.base import ClipKind
from avmeter.training.trackers.wandb import STEP, WandbTracker
from support.media import tone, write_pcm_wav
from support.trackers import WandbRun, clip_file, install_wandb


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> WandbRun:
    run = WandbRun()
    install_wandb(monkeypatch, run)
    return run


def test_late_scores_are_not_dropped(run: WandbRun) -> None:
    """The trainer is at step 120; the scores of step 100 have it as their axis, and the trainer's row stays open."""
    tracker = WandbTracker()
    run.log({"loss": 1.0}, step=120)
    tracker.log_scalars({"val/a": 0.5}, step=100)
    run.log({"lr": 0.1}, step=120)
    assert run.rows[120] == {"loss": 1.0, "val/a": 0.5, STEP: 100, "lr": 0.1}
    assert run.axes["val/a"] == STEP
    assert not run.dropped


def test_two_steps_have_two_rows(run: WandbRun) -> None:
    """Also where the trainer logs nothing in between; scalars and clips of a step share one."""
    tracker = WandbTracker(run)
    for step in (100, 200):
        tracker.log_scalars({"val/a": step / 100}, step=step)
        tracker.log_scalars({"val/b": step / 50}, step=step)
    assert [row["val/a"] for row in run.rows.values()] == [1.0, 2.0]
    assert [row["val/b"] for row in run.rows.values()] == [2.0, 4.0]


def test_clips_are_given_as_files(run: WandbRun, tmp_path: Path) -> None:
    """Sound and video, with captions."""
    sound = write_pcm_wav(tmp_path / "a.wav", tone(440, 0.5, 16_000, 0.1), 16_000)
    video = tmp_path / "b.mp4"
    video.write_bytes(b"")
    clips = [clip_file(sound, name="s"), clip_file(video, ClipKind.VIDEO, name="v")]
    WandbTracker().log_clips(clips, step=1)
    assert run.rows[0] == {"s": ("audio", ".wav", "a"), "v": ("video", ".mp4", "a"), STEP: 1}


def test_without_a_run_it_says_what_to_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the training begins, not at its first validation."""
    install_wandb(monkeypatch, None)
    with pytest.raises(UsageError, match=r"wandb\.init"):
        WandbTracker()
