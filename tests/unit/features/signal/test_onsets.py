"""Onsets: when sounds begin, on the clock of the video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter.features.base import Features, get_extractor
from avmeter.media import MediaItem
from support.media import click, cut_file, numbered, write_media

RATE = 16_000


def onsets(item: MediaItem) -> Features:
    extractor: Any = get_extractor("onsets")
    found: Features = extractor.extract(item)
    return found


def test_clicks_are_found_at_their_times() -> None:
    """Within two hops of 32 ms."""
    wave = click(0.5, RATE, 3.0) + click(2.0, RATE, 3.0)
    found = onsets(MediaItem.from_audio(wave, RATE))
    assert found["times_s"].tolist() == pytest.approx([0.5, 2.0], abs=0.065)
    assert found.facts == {"duration_s": pytest.approx(3.0, abs=1e-3)}


def test_silence_has_no_onsets() -> None:
    """An empty array, not a skip: the metric decides."""
    assert onsets(MediaItem.from_audio(np.zeros(2 * RATE, np.float32), RATE))["times_s"].shape == (0,)


def test_times_count_from_the_first_frame(tmp_path: Path) -> None:
    """A sound track that starts half a second after the video has its click later there."""
    path = write_media(
        tmp_path / "late.mkv", wave=click(1.0, 48_000, 3.0), sample_rate=48_000, frames=numbered(40), fps=10,
        audio_codec="pcm_s16le", audio_start_s=0.5,
    )  # fmt: skip
    with MediaItem.open(path) as item:
        assert onsets(item)["times_s"].tolist() == pytest.approx([1.5], abs=0.07)


def test_truncated_file_is_noted(tmp_path: Path) -> None:
    """What is there is measured."""
    wave = click(0.5, 44_100, 4.0)
    whole = write_media(
        tmp_path / "whole.mp3", wave=wave, sample_rate=44_100, audio_codec="libmp3lame", bit_rate=128_000
    )
    with MediaItem.open(cut_file(whole, tmp_path / "half.mp3", 0.5)) as item:
        found = onsets(item)
    assert found["times_s"].tolist() == pytest.approx([0.5], abs=0.1)
    assert "4.0" in found.facts["header_mismatch"]
