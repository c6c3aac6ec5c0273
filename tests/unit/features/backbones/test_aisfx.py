"""aiSFX's windows."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.backbones.aisfx import WINDOW, AisfxExtractor, num_frames
from avmeter.media import MediaItem

RATE = 44_100


def windows(num_samples: int):
    noise = (0.1 * np.random.default_rng(1).standard_normal(num_samples)).astype(np.float32)
    return list(AisfxExtractor().windows(MediaItem.from_audio(noise, RATE)))


@pytest.mark.parametrize(("num_samples", "expected"), [(2048, 3), (3000, 4), (101_376, 100), (101_377, 101)])
def test_frames_are_as_many_as_essentia_cuts(num_samples: int, expected: int) -> None:
    """Measured with Essentia 2.1."""
    assert num_frames(num_samples) == expected


def test_windows_are_half_a_window_apart_and_the_rest_is_left_out() -> None:
    """The first begins with half a frame of silence, as the first frame is centred on the first sample."""
    found = windows(6 * RATE)
    assert len(found) == 4
    assert {w.inputs["waveform"].shape for w in found} == {(WINDOW,)}
    assert not found[0].inputs["waveform"][:1024].any()
    assert found[0].inputs["waveform"][1024:].all()
    assert [round(w.start_s, 3) for w in found] == [0.0, 1.138, 2.299, 3.46]


def test_sound_of_less_than_a_window_is_one_with_silence_behind_it() -> None:
    """Its duration is that of the sound."""
    (window,) = windows(60_000)
    assert not window.inputs["waveform"][61_024:].any()
    assert window.duration_s == pytest.approx(60_000 / RATE)
