"""The sound track as a file."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from avmeter.errors import UsageError
from avmeter.fastvideo.io.audio import NoAudioStreamError, extract_audio_track
from support.media import flash, write_media


def test_track_is_written_once(clips: Path, tmp_path: Path) -> None:
    """16 bit at the rate of the track; a second call finds the file."""
    found = extract_audio_track(clips / "gen" / "clip_2.mp4", output_dir=tmp_path / "sound")
    assert found == (tmp_path / "sound" / "clip_2.wav").resolve()
    with wave.open(str(found)) as track:
        assert (track.getframerate(), track.getnchannels(), track.getsampwidth()) == (16_000, 1, 2)
        assert track.getnframes() >= 8000
    before = found.stat().st_mtime_ns
    assert extract_audio_track(clips / "gen" / "clip_2.mp4", output_dir=tmp_path / "sound") == found
    assert found.stat().st_mtime_ns == before


def test_rate_may_be_chosen(clips: Path, tmp_path: Path) -> None:
    """Resampled, with the file's header saying so."""
    found = extract_audio_track(clips / "gen" / "clip_2.mp4", output_dir=tmp_path, sample_rate=8000)
    with wave.open(str(found)) as track:
        assert track.getframerate() == 8000


def test_silent_film_and_other_codecs_are_refused(tmp_path: Path) -> None:
    """Each with an error of its own."""
    film = write_media(tmp_path / "film.mp4", frames=flash(0.1, 8, 0.5), fps=8)
    with pytest.raises(NoAudioStreamError, match="no audio track"):
        extract_audio_track(film, output_dir=tmp_path)
    with pytest.raises(UsageError, match="pcm_f32le"):
        extract_audio_track(film, output_dir=tmp_path, codec="pcm_f32le")
