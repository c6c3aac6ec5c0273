"""`avmeter audit`: what would be skipped or mislead, before money is spent on it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from avmeter.audit import audit
from support.commandline import avmeter, contents
from support.media import flash, tone, write_media

RATE = 16_000


@pytest.fixture
def noise() -> np.ndarray:
    """Two seconds with energy at all frequencies, far from clipping."""
    return (0.1 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)


def wav(path: Path, wave: np.ndarray, rate: int = RATE) -> Path:
    return write_media(path, wave=np.asarray(wave, np.float32), sample_rate=rate, audio_codec="pcm_f32le")


def film(path: Path, **options) -> Path:
    rng = np.random.default_rng(1)
    sound = (0.1 * rng.standard_normal(2 * 48_000)).astype(np.float32)
    moving = rng.integers(0, 255, (50, 64, 96, 3), np.uint8)
    return write_media(path, **{"wave": sound, "frames": moving, **options})


def problems(path: Path) -> set[str]:
    (clip,) = audit([path]).clips
    return {code for code, _ in clip.problems}


def test_sound_clip_has_no_problems(tmp_path, noise):
    """Good clips are not complained about, nor sets of them."""
    paths = [wav(tmp_path / "a.wav", noise), wav(tmp_path / "b.wav", noise[::-1])]
    found = audit(paths)
    assert [c.problems for c in found.clips] == [(), ()]
    assert found.notes == ()


def test_film_has_no_problems(tmp_path):
    """Moving picture and sound of one length are as they should be."""
    assert problems(film(tmp_path / "a.mp4")) <= {"band_limited"}  # AAC cuts the highest band


SOUNDS = {
    "silent": lambda x: np.zeros_like(x),
    "clipped": lambda x: np.clip(20 * x, -1, 1),
    "over_full_scale": lambda x: np.where(np.arange(len(x)) == 100, 1.5, x),
    "phase_cancelled": lambda x: np.stack([x, -x]),
    "too_short": lambda x: x[: RATE // 2],
    "band_limited": lambda x: tone(440, 0.3, RATE, 2),
    "non_finite": lambda x: np.where(np.arange(len(x)) == 100, np.nan, x),
    "empty_audio": lambda x: x[:0],
}


@pytest.mark.parametrize("code", SOUNDS)
def test_spoilt_sound_is_named(tmp_path, noise, code):
    """Each kind of damage to sound has its code."""
    spoilt = SOUNDS[code](noise)
    if code == "non_finite" or not spoilt.size:
        import struct

        data = np.asarray(spoilt, "<f4").tobytes()
        head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1, RATE, 4 * RATE,
                           4, 32, b"data", len(data))  # fmt: skip
        (tmp_path / "a.wav").write_bytes(head + data)
    else:
        wav(tmp_path / "a.wav", spoilt)
    assert code in problems(tmp_path / "a.wav")


def test_pictures_that_mislead_are_named(tmp_path):
    """Still pictures, sound that starts late, unequal lengths, absent sound."""
    still = np.zeros((50, 64, 96, 3), np.uint8)
    assert "still_picture" in problems(film(tmp_path / "still.mp4", frames=still))
    assert "late_stream" in problems(film(tmp_path / "late.mp4", audio_start_s=0.5))
    assert "unequal_durations" in problems(film(tmp_path / "unequal.mp4", frames=flash(1, 25, 4)))
    assert "no_audio_track" in problems(film(tmp_path / "mute.mp4", wave=None))
    (tmp_path / "zero.wav").touch()
    assert problems(tmp_path / "zero.wav") == {"empty_file"}


def test_set_as_a_whole_is_looked_at(tmp_path, noise):
    """Duplicates, mixed rates and mixed lengths are notes on the set."""
    wav(tmp_path / "a.wav", noise)
    shutil.copy(tmp_path / "a.wav", tmp_path / "again.wav")
    wav(tmp_path / "b.wav", np.tile(noise, 2), 2 * RATE)
    wav(tmp_path / "long.wav", np.tile(noise, 3))
    found = audit(sorted(tmp_path.iterdir()))
    notes = dict(found.notes)
    assert set(notes) == {"duplicates", "mixed_rates", "mixed_durations"}
    assert "a.wav" in notes["duplicates"]
    assert "again.wav" in notes["duplicates"]
    assert notes["mixed_rates"] == "3 clips at 16 kHz, 1 clips at 32 kHz"


def test_progress_is_told_per_clip(tmp_path, noise):
    """Every clip counts once."""
    calls = []
    paths = [wav(tmp_path / f"{i}.wav", noise) for i in range(3)]
    audit(paths, progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_command_prints_one_line_a_problem_and_writes_nothing(tmp_path, noise):
    """Problems as code, file, sentence; the sum at the end; `--strict` makes them an exit code."""
    clips = tmp_path / "clips"
    clips.mkdir()
    wav(clips / "good.wav", noise)
    wav(clips / "quiet.wav", np.zeros(2 * RATE))
    (clips / "zero.wav").touch()
    (clips / "notes.txt").touch()
    before = contents(clips)
    done = avmeter("audit", clips)
    assert done.code == 0
    lines = done.out.splitlines()
    assert f"silent {clips / 'quiet.wav'}: 100% of the sound is below -60 dBFS" in lines
    assert f"empty_file {clips / 'zero.wav'}: the file is empty (0 bytes)" in lines
    assert lines[-1] == "3 clips, 2 with something to look at"
    assert not [line for line in lines if "good.wav" in line]
    assert "notes.txt" in done.err
    assert contents(clips) == before
    assert avmeter("audit", clips, "--strict").code == 1
    assert avmeter("audit", clips / "good.wav", "--strict").code == 0


def test_command_takes_clips_and_manifests(tmp_path, noise):
    """What `score` takes, `audit` takes; generated and reference clips of a manifest are both looked at."""
    wav(tmp_path / "a.wav", noise)
    wav(tmp_path / "b.wav", np.zeros(2 * RATE))
    (tmp_path / "set.csv").write_text("audio,reference_audio\na.wav,b.wav\n")
    done = avmeter("audit", tmp_path / "set.csv")
    assert re.search(r"silent .*b\.wav", done.out)
    assert done.out.endswith("2 clips, 1 with something to look at\n")
    assert avmeter("audit", tmp_path / "gone").code == 2
    (tmp_path / "empty").mkdir()
    assert "no media files" in avmeter("audit", tmp_path / "empty").err
