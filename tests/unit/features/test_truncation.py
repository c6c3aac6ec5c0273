"""A file whose header reports more than can be decoded is noted with both durations."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.features.truncation import HEADER_MISMATCH, duration_mismatch, input_details, unread
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


def test_sound_that_was_not_read_is_a_fact(whole: Path) -> None:
    """The seconds beyond what was read; the rest of a frame is none."""
    with MediaItem.open(whole) as item:
        assert unread(item, 1.5)["unread_seconds"] == pytest.approx(2.5, abs=0.05)
        assert unread(item, item.audio_facts.duration_s - 0.01) == {}


def test_details_say_what_of_a_clip_is_not_in_its_features() -> None:
    """Of the embedding, or of the classes, whichever the metric reads."""
    facts = {"used_seconds": 25.0, "embedding_unread_seconds": 15.0, "header_mismatch": "4 s, 2 s"}
    assert input_details(facts, reads_classes=False)["partly_read"] == "15.00 s of sound were not read"
    assert input_details(facts, reads_classes=True) == {"header_mismatch": "4 s, 2 s"}
    assert input_details({"unread_seconds": 2.0}, reads_classes=True) == {
        "partly_read": "2.00 s of sound were not read"
    }
    assert input_details({"used_seconds": 4.0}, reads_classes=False) == {}
