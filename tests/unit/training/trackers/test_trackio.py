"""Trackio."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.training.trackers.base import ClipKind
from avmeter.training.trackers.trackio import TrackioTracker
from support.media import tone, write_pcm_wav
from support.trackers import TrackioRun, clip_file, install_trackio


def test_scalars_and_clips_are_rows_of_the_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files go as paths: arrays would be made louder."""
    install_trackio(monkeypatch)
    run = TrackioRun()
    tracker = TrackioTracker(run)
    sound = write_pcm_wav(tmp_path / "a.wav", tone(440, 0.5, 16_000, 0.1), 16_000)
    tracker.log_scalars({"val/a": 1.0}, step=5)
    tracker.log_clips([clip_file(sound, name="s"), clip_file(tmp_path / "b.mp4", ClipKind.VIDEO, name="v")], step=5)
    assert run.rows == [(5, {"val/a": 1.0}), (5, {"s": ("audio", b"RIFF", "a"), "v": ("video", ".mp4", "a")})]
