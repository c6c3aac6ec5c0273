"""Cepstra of speech; those of the published program are in tests/parity."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.dsp.cepstrum import speech_cepstrum


@pytest.mark.parametrize(("num_samples", "num_frames"), [(399, 0), (400, 1), (559, 1), (560, 2), (16_000, 98)])
def test_only_whole_frames_count(num_samples: int, num_frames: int) -> None:
    """Of 25 ms, every 10 ms."""
    assert speech_cepstrum(np.ones(num_samples)).shape == (num_frames, 13)


def test_first_coefficient_is_the_logarithm_of_the_energy() -> None:
    """Ten times louder is ln 100 more, and no other coefficient moves."""
    noise = np.random.default_rng(0).standard_normal(800)
    louder = speech_cepstrum(10 * noise) - speech_cepstrum(noise)
    np.testing.assert_allclose(louder[:, 0], np.log(100))
    np.testing.assert_allclose(louder[:, 1:], 0, atol=1e-9)


def test_silence_has_a_finite_cepstrum() -> None:
    """The logarithm of the smallest step of float64."""
    assert np.isfinite(speech_cepstrum(np.zeros(800))).all()
