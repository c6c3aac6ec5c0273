"""SoundNet's windows."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.backbones.soundnet import WINDOW, SoundnetExtractor
from avmeter.media import MediaItem

RATE = 22_050


def windows(duration_s: float):
    noise = (0.1 * np.random.default_rng(1).standard_normal(round(duration_s * RATE))).astype(np.float32)
    return list(SoundnetExtractor().windows(MediaItem.from_audio(noise, RATE)))


def test_shorter_sound_is_repeated_up_to_a_window() -> None:
    """What counts as read is the sound itself."""
    (window,) = windows(6.0)
    samples, size = window.inputs["waveform"], 6 * RATE
    assert samples.shape == (WINDOW,)
    for start in range(size, WINDOW - size, size):
        np.testing.assert_array_equal(samples[start : start + size], samples[:size])
    assert window.duration_s == 6.0


def test_last_window_of_longer_sound_ends_with_it() -> None:
    """Nothing is left out, and nothing repeated."""
    assert [w.start_s for w in windows(50.0)] == pytest.approx([0.0, 20.0, 30.0])
    assert [w.start_s for w in windows(20.0)] == [0.0]
