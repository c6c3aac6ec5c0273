"""A set before it is scored: what would be skipped or would mislead, by clip and as a whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from avmeter.audit import audit
from support.media import flash, tone, write_media

RATE = 16_000


@pytest.fixture
def noise() -> np.ndarray:
    """Two seconds with energy at all frequencies, far from clipping."""
    return (0.1 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)


def wav(path: Path, wave: np.ndarray, rate: int = RATE) -> Path:
    return write_media(path, wave=np.asarray(wave, np.float32), sample_rate=rate, audio_codec="pcm_f32le")


def video(path: Path, **options) -> Path:
    rng = np.random.default_rng(1)
    sound = (0.1 * rng.standard_normal(2 * 48_000)).astype(np.float32)
    moving = rng.integers(0, 255, (50, 64, 96, 3), np.uint8)
    return write_media(path, **{"wave": sound, "frames": moving, **options})


def problems(path: Path) -> set[str]:
    (clip,) = audit([path]).clips
    return {code for code, _ in clip.problems}


def test_clips_in_order_have_no_problems(tmp_path, noise):
    """Good clips are not complained about, nor sets of them."""
    paths = [wav(tmp_path / "a.wav", noise), wav(tmp_path / "b.wav", noise[::-1])]
    found = audit(paths)
    assert [c.problems for c in found.clips] == [(), ()]
    assert found.notes == ()


def test_video_in_order_has_no_problems(tmp_path):
    """Moving video and audio of one length are as they should be."""
    assert problems(video(tmp_path / "a.mp4")) <= {"band_limited"}  # AAC cuts the highest band


DAMAGES = {
    "silent": lambda x: np.zeros_like(x),
    "clipped": lambda x: np.clip(20 * x, -1, 1),
    "over_full_scale": lambda x: np.where(np.arange(len(x)) == 100, 1.5, x),
    "phase_cancelled": lambda x: np.stack([x, -x]),
    "too_short": lambda x: x[: RATE // 2],
    "band_limited": lambda x: tone(440, 0.3, RATE, 2),
    "non_finite": lambda x: np.where(np.arange(len(x)) == 100, np.nan, x),
    "empty_audio": lambda x: x[:0],
}


@pytest.mark.parametrize("code", DAMAGES)
def test_damaged_audio_is_named(tmp_path, noise, code):
    """Each kind of damage to audio has its code."""
    damaged = DAMAGES[code](noise)
    if code == "non_finite" or not damaged.size:
        import struct

        data = np.asarray(damaged, "<f4").tobytes()
        head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1, RATE, 4 * RATE,
                           4, 32, b"data", len(data))  # fmt: skip
        (tmp_path / "a.wav").write_bytes(head + data)
    else:
        wav(tmp_path / "a.wav", damaged)
    assert code in problems(tmp_path / "a.wav")


def test_video_that_misleads_is_named(tmp_path):
    """Still video, audio that starts late, unequal lengths, absent audio."""
    still = np.zeros((50, 64, 96, 3), np.uint8)
    assert "still_picture" in problems(video(tmp_path / "still.mp4", frames=still))
    assert "late_stream" in problems(video(tmp_path / "late.mp4", audio_start_s=0.5))
    assert "unequal_durations" in problems(video(tmp_path / "unequal.mp4", frames=flash(1, 25, 4)))
    assert "no_audio_track" in problems(video(tmp_path / "mute.mp4", wave=None))
    (tmp_path / "zero.wav").touch()
    assert problems(tmp_path / "zero.wav") == {"empty_file"}


def test_set_as_a_whole_has_notes(tmp_path, noise):
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


def test_progress_counts_clips(tmp_path, noise):
    """Every clip counts once."""
    calls = []
    paths = [wav(tmp_path / f"{i}.wav", noise) for i in range(3)]
    audit(paths, progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_sound_without_a_decoder_is_named(tmp_path):
    """A codec that nobody knows is named; a file without a track has none."""
    path = video(tmp_path / "a.mkv", audio_codec="flac")
    path.write_bytes(path.read_bytes().replace(b"A_FLAC", b"A_XLAC"))
    assert problems(path) == {"no_decoder"}
    assert problems(video(tmp_path / "b.mkv", wave=None)) == {"no_audio_track"}
