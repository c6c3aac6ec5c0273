"""Stretching and moving formants do what they say, measured."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.stress.vocoder import move_formants, stretch

RATE = 24_000


def test_stretch_has_the_length_that_it_states() -> None:
    """`round(N * factor)` samples."""
    tone = np.sin(2 * np.pi * 400 * np.arange(2 * RATE) / RATE).astype(np.float32)
    assert len(stretch(tone, 1.37)) == round(2 * RATE * 1.37)


def test_formants_move_without_the_pitch() -> None:
    """The envelope's peak of a pulse train moves by the factor, its harmonics stay."""
    pulses = np.zeros(2 * RATE, np.float32)
    pulses[::200] = 1.0  # 120 Hz
    spectrum = np.fft.rfft(pulses)
    frequency = np.fft.rfftfreq(len(pulses), 1 / RATE)
    spectrum *= 0.02 + np.exp(-(((frequency - 2000) / 400) ** 2))
    vowel = np.fft.irfft(spectrum).astype(np.float32)
    moved = np.abs(np.fft.rfft(move_formants(vowel, RATE, 1.25)))
    smooth = np.convolve(moved, np.ones(480), mode="same")
    assert frequency[np.argmax(smooth)] == pytest.approx(2500, rel=0.06)
    beside_harmonic_hz = frequency[np.argmax(moved)] % 120
    assert min(beside_harmonic_hz, 120 - beside_harmonic_hz) < 1.5
