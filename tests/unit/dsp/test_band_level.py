"""Levels of a band, and the rhythm of a line."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.dsp import band_level
from avmeter.dsp.band_level import FPS, SAMPLE_RATE, band_levels, rhythm


@pytest.mark.parametrize(("hertz", "level"), [(1000, 0.5 / np.sqrt(2)), (200, 0.0), (6000, 0.0)])
def test_level_is_the_root_mean_square_of_what_lies_in_the_band(hertz: float, level: float) -> None:
    """A tone inside, one below and one above."""
    tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    assert band_levels(tone)[1:-1] == pytest.approx(np.full(23, level), abs=1e-3)


def test_level_of_a_step_stands_at_its_own_frame_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise in the tenth 1/25 s alone, in blocks of 4 as in one."""
    wave = np.zeros(SAMPLE_RATE + 100)
    wave[10 * 640 : 11 * 640] = np.random.default_rng(0).standard_normal(640)
    whole = band_levels(wave)
    monkeypatch.setattr(band_level, "_BLOCK_FRAMES", 4)
    np.testing.assert_allclose(band_levels(wave), whole, atol=1e-12)
    assert (len(whole), int(np.argmax(whole))) == (25, 10)
    assert np.count_nonzero(whole > 1e-9) == 3  # the windows beside it reach half a frame into it


def test_rhythm_is_what_lies_between_two_frequencies() -> None:
    """4 Hz stays as it is; a slow swing, a slope and a level go."""
    seconds = np.arange(8 * FPS) / FPS
    kept = np.sin(2 * np.pi * 4 * seconds)
    found = rhythm(kept + 3 * np.sin(2 * np.pi * 0.5 * seconds) + 5 * seconds + 7, low_hz=2, high_hz=7)
    np.testing.assert_allclose(found[FPS:-FPS], kept[FPS:-FPS], atol=0.05)
    assert np.abs(rhythm(np.full(40, 3.0), low_hz=2, high_hz=7)).max() < 1e-12
