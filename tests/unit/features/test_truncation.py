"""A file whose header reports more than can be decoded is noted with both durations."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.features.truncation import HEADER_MISMATCH, duration_mismatch
from avmeter.media import MediaItem
from support.media import cut_file, tone, write_media


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """4 s of sound, whose header says so."""
    wave = tone(440, 0.3, 44_100, 4.0)
    return write_media(
        tmp_path / "whole.mp3", wave=wave, sample_rate=44_100, audio_codec="libmp3lame", bit_rate=128_000
    )


def test_truncated_file_is_noted_with_both_durations(whole: Path) -> None:
    """Half of its bytes are half of its sound."""
    with MediaItem.open(cut_file(whole, whole.with_name("half.mp3"), 0.5)) as item:
        note = duration_mismatch(item)
        facts = item.audio_facts
    assert list(note) == [HEADER_MISMATCH] == ["header_mismatch"]
    assert f"{facts.header_duration_s:.2f} s" in note[HEADER_MISMATCH]
    assert f"{facts.duration_s:.2f} s" in note[HEADER_MISMATCH]
    assert facts.duration_s < 2.2


def test_whole_file_has_no_note(whole: Path) -> None:
    """Nothing, so that results of whole files do not change."""
    with MediaItem.open(whole) as item:
        assert duration_mismatch(item) == {}
