"""Spectrograms of a gammatone filter bank."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.dsp.visqol.gammatone import FilterBank, in_decibels

BANK = FilterBank(sample_rate=16_000, num_bands=21, highest_hz=8_000.0)


def test_tone_is_loudest_in_its_band() -> None:
    """With about its root mean square under the window."""
    centres = BANK.centres_hz()
    assert centres[0] == pytest.approx(50)
    assert (np.diff(centres) > 0).all()
    for band in (5, 12):
        tone = np.sin(2 * np.pi * centres[band] * np.arange(8000) / 16_000)
        levels = BANK.spectrogram(tone)
        assert levels.shape == (21, 1 + (8000 - 1280) // 320)
        assert (levels.argmax(axis=0) == band).all()
        assert levels[band] == pytest.approx(np.sqrt(3 / 16), rel=0.05)


def test_decibels_begin_at_zero_and_end_45_below_the_loudest_of_both() -> None:
    """In every frame; silence has a floor of its own."""
    loud, quiet = np.full((3, 4), 1.0), np.full((3, 5), 1e-9)
    a, b = in_decibels(loud, quiet)
    assert (a == 45).all()
    assert (b == 0).all()
    assert in_decibels(np.zeros((2, 2)), np.zeros((2, 2)))[0].max() == 0
