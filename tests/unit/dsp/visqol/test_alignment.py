"""Lags between waveforms."""

from __future__ import annotations

import numpy as np

from avmeter.dsp.visqol.alignment import aligned, best_lag, shifted
from golden.degraded import synthetic

SOUND = synthetic(4_000)


def test_delay_is_found_and_taken_back() -> None:
    """In either direction; no delay is 0."""
    late = np.concatenate([np.zeros(300), SOUND])
    assert best_lag(SOUND, late) == -300
    assert np.array_equal(shifted(late, -300), SOUND)
    assert best_lag(SOUND, SOUND[300:]) == 300
    assert np.array_equal(shifted(SOUND[300:], 300)[300:], SOUND[300:])
    assert best_lag(SOUND, SOUND) == 0


def test_lag_of_more_than_half_the_reference_is_none() -> None:
    """What agrees there is not the beginning."""
    assert best_lag(SOUND, np.concatenate([np.zeros(len(SOUND) // 2 + 10), SOUND])) == 0


def test_aligned_sound_has_one_length() -> None:
    """From where both begin to where one ends."""
    x, y, lag = aligned(SOUND[:8000], SOUND[100:7000])
    assert lag == 100
    assert len(x) == len(y) == 7000
    x, y, lag = aligned(SOUND[:8000], SOUND[100:9000])
    assert np.array_equal(x, y)
