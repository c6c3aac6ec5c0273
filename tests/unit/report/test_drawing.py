"""Clips are drawn in a process of its own: bounded, and no clip costs the others."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

from avmeter.media.write import write_wav
from avmeter.report import drawing
from avmeter.report.drawing import Job, draw


def sounds(folder: Path, count: int) -> list[Job]:
    tone = np.sin(np.arange(8000, dtype=np.float32) / 5)[None] / 2
    paths = [write_wav(folder / f"{i}.wav", tone, 8000) for i in range(count)]
    return [Job(path=str(p), kind="audio") for p in paths]


def test_sound_has_a_waveform_and_a_spectrogram(tmp_path: Path) -> None:
    """And what is no clip has nothing; the answers are in order."""
    (tmp_path / "no.wav").write_bytes(b"no sound")
    jobs = [Job(path=str(tmp_path / "no.wav"), kind="audio"), *sounds(tmp_path, 1)]
    empty, drawn = draw(jobs, within_s=60, most_bytes=10**6)
    assert empty == {}
    assert set(drawn) == {"wave", "spectrogram"}
    assert max(drawn["wave"]) in (49, 50, 51)
    assert base64.b64decode(drawn["spectrogram"].removeprefix("data:image/jpeg;base64,"))[:2] == b"\xff\xd8"


def test_opus_says_why_there_is_none(tmp_path: Path) -> None:
    """A copy of the sound, or the reason in a line."""
    jobs = [Job(path=str(tmp_path / "gone.wav"), kind="opus"), Job(path=sounds(tmp_path, 1)[0].path, kind="opus")]
    missing, copied = draw(jobs, within_s=60, most_bytes=10**6)
    assert "gone.wav" in missing["error"]
    assert base64.b64decode(copied["opus"])[:4] == b"\x1a\x45\xdf\xa3"


def test_bytes_and_time_are_bounded(tmp_path: Path) -> None:
    """What comes after the last byte or second is not made, and is told apart by being empty."""
    jobs = sounds(tmp_path, 4)
    one = len(draw(jobs[:1], within_s=60, most_bytes=10**6)[0]["spectrogram"])
    made = draw(jobs, within_s=60, most_bytes=one + 1)
    assert [bool(m) for m in made] == [True, True, False, False]
    assert draw(jobs, within_s=0.0, most_bytes=10**6) == [{}] * 4
    assert draw([], within_s=60, most_bytes=1) == []


def test_clip_that_kills_the_process_costs_itself_alone(tmp_path: Path, monkeypatch) -> None:
    """The process is started again behind it."""
    jobs = sounds(tmp_path, 3)
    calls = []
    real = drawing._run_worker

    def dying(left, within_s, most_bytes):
        calls.append(len(left))
        if len(calls) == 1:
            return real(left[:1], within_s, most_bytes)[0], False
        return real(left, within_s, most_bytes)

    monkeypatch.setattr(drawing, "_run_worker", dying)
    assert [bool(m) for m in draw(jobs, within_s=60, most_bytes=10**6)] == [True, False, True]
    assert calls == [3, 1]
