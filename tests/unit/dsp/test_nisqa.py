"""The spectrogram of NISQA: frames, bands above half the rate, and its floor."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.dsp.nisqa import NUM_BANDS, nisqa_mel, num_frames


@pytest.mark.parametrize(("rate", "frames"), [(8_000, 101), (22_050, 101), (44_100, 101), (48_000, 101)])
def test_a_second_has_a_frame_every_10_ms(rate: int, frames: int) -> None:
    """Rounded down to samples, with one at either end."""
    assert num_frames(rate, rate) == frames
    assert nisqa_mel(np.zeros(rate, np.float32), rate).shape == (NUM_BANDS, frames)


def test_level_is_in_decibels_within_80_of_the_loudest() -> None:
    """Half the amplitude is 6 dB less, down to the floor of the range."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(24_000) / 48_000).astype(np.float32)
    loud, quiet = nisqa_mel(tone, 48_000), nisqa_mel(0.5 * tone, 48_000)
    assert float(loud.max() - quiet.max()) == pytest.approx(6.02, abs=0.01)
    assert float(loud.max() - loud.min()) == pytest.approx(80, abs=1e-4)
    assert float(nisqa_mel(0 * tone, 48_000).max()) == -80


def test_bands_above_half_the_rate_are_empty() -> None:
    """White noise at 8 kHz fills the bands up to 4 kHz and leaves the others at the floor of the range."""
    noise = np.random.default_rng(0).standard_normal(8_000).astype(np.float32)
    mel = nisqa_mel(noise, 8_000)
    level = mel.mean(dim=1)
    assert float(level[10] - level[-1]) > 30
    assert float(level[-10:].max() - level[-10:].min()) < 1e-4
