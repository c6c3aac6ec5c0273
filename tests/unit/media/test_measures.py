"""Levels of a waveform that arrives in blocks, with answers known by construction."""

import numpy as np
import pytest

from avmeter.media.measures import SILENCE_PEAK, LevelMeter

STEREO = np.array([0.5, 0.5], np.float32)


def measured(samples: np.ndarray, weights: np.ndarray = STEREO, block: int = 7) -> LevelMeter:
    meter = LevelMeter(weights)
    for start in range(0, len(samples), block):
        meter.update(samples[start : start + block].astype(np.float32))
    return meter


def test_levels_do_not_depend_on_blocks() -> None:
    """Peaks and RMS of parts are those of the whole."""
    samples = np.random.default_rng(0).uniform(-1.5, 1.5, (1000, 2)).astype(np.float32)
    meter = measured(samples)
    assert meter.channel_peaks == pytest.approx(np.abs(samples).max(axis=0))
    assert meter.channel_rms == pytest.approx(np.sqrt((samples**2).mean(axis=0)))
    mix = samples.mean(axis=1)
    assert meter.mix_peak == pytest.approx(np.abs(mix).max())
    assert meter.mix_rms == pytest.approx(np.sqrt((mix**2).mean()))
    assert meter.num_over_full_scale == np.count_nonzero(np.abs(samples) > 1)


def test_non_finite_samples_are_counted_and_left_out() -> None:
    """NaN and infinity do not reach peaks or RMS."""
    samples = np.full((100, 2), 0.25)
    samples[3, 0], samples[50, 1] = np.nan, np.inf
    meter = measured(samples)
    assert meter.num_non_finite == 2
    assert meter.channel_peaks == (0.25, 0.25)


def test_channels_that_cancel_are_told_from_silence() -> None:
    """Sound in both channels and none in the mix is cancelled; silence is not."""
    wave = np.sin(np.arange(1000))
    assert measured(np.stack([wave, -wave], axis=1)).phase_cancelled
    assert not measured(np.stack([wave, wave], axis=1)).phase_cancelled
    assert not measured(np.zeros((1000, 2))).phase_cancelled
    assert not measured(np.full((1000, 2), SILENCE_PEAK / 2) * [1, -1]).phase_cancelled


def test_channel_of_weight_zero_cannot_be_cancelled() -> None:
    """Sound in the low-frequency channel alone leaves the mix silent, which is not phase."""
    samples = np.stack([np.zeros(100), np.ones(100)], axis=1)
    assert not measured(samples, np.array([1.0, 0.0], np.float32)).phase_cancelled
