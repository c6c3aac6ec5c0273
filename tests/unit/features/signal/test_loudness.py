"""Loudness and health of a sound track: values of tones, and which channel each is of."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter.features.base import get_extractor
from avmeter.features.signal.loudness import sound_health
from avmeter.media import MediaItem
from support.media import tone
from support.oversized import write_constant_flac

RATE = 48_000


def facts(wave: np.ndarray) -> Any:
    extractor: Any = get_extractor("loudness")
    return extractor.extract(MediaItem.from_audio(wave, RATE)).facts


def test_full_scale_tone_of_997_hz_is_minus_3_lufs() -> None:
    """EBU Tech 3341: 0 dBFS in one channel is -3.01 LUFS; its peak is that of the sine."""
    found = facts(tone(997, 1.0, RATE, 5.0))
    assert found["integrated_lufs"] == pytest.approx(-3.01, abs=0.02)
    assert found["sample_peak_dbfs"] == pytest.approx(0, abs=0.01)
    assert (found["duration_s"], found["num_channels"], found["sample_rate"]) == (5.0, 1, RATE)


def test_clip_of_several_blocks_is_measured_whole() -> None:
    """Halves of 15 s at -20 and -40 dB: the quiet half is gated out, the range is their distance."""
    half = 15.0
    wave = np.concatenate([tone(997, 0.1, RATE, half), tone(997, 0.01, RATE, half)])
    found = facts(wave)
    assert found["integrated_lufs"] == pytest.approx(-23.0, abs=0.2)
    assert found["duration_s"] == 2 * half


def test_tone_too_short_has_a_reason_in_place_of_a_value() -> None:
    """Less than one block of 400 ms."""
    found = facts(tone(997, 0.5, RATE, 0.1))
    assert found["integrated_lufs"] is None
    code, text = found["reasons"]["integrated_lufs"]
    assert code == "too_short"
    assert text


def test_health_is_that_of_the_worst_channel_and_silence_of_the_best() -> None:
    """One silent channel does not make a clip silent; one clipped channel makes it clipped."""
    healthy = tone(440, 0.3, RATE, 1.0)
    clipped = np.clip(5 * healthy, -1, 1)
    found = sound_health(np.stack([np.zeros_like(healthy), healthy + 0.1, clipped]), RATE)
    assert found["silence_share"] == pytest.approx(0, abs=0.01)
    assert found["clipping_share"] == sound_health(clipped[None], RATE)["clipping_share"]
    assert found["clipping_share"] > 0.1  # type: ignore[operator]
    assert found["dc_offset"] == pytest.approx(0.1, abs=1e-3)


def test_silence_has_no_bandwidth() -> None:
    """Silent all through, with a share of 1."""
    found = sound_health(np.zeros((2, RATE), np.float32), RATE)
    assert (found["silence_share"], found["bandwidth_hz"]) == (1.0, None)


def test_long_sound_needs_no_more_memory_than_short(tmp_path: Path) -> None:
    """Eleven minutes in 7 KB, 120 MB of samples that are on disk: they are read block by block."""
    extractor: Any = get_extractor("loudness")
    item = MediaItem.open(write_constant_flac(tmp_path / "a.flac", 660))
    assert item.audio_facts.duration_s == pytest.approx(660, abs=2)
    tracemalloc.start()
    try:
        found = extractor.extract(item).facts
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found["dc_offset"] == pytest.approx(1000 / 2**15)
    assert peak_bytes < 80 * 2**20
