"""Weights of channels by where their loudspeakers stand."""

import numpy as np
import pytest

from avmeter.dsp.channel_weights import WAVE_CHANNELS, loudness_weights
from avmeter.dsp.loudness import measure_loudness

LAYOUTS = {
    "mono": ("FC", [1]),
    "stereo": ("FL FR", [1, 1]),
    "3.0": ("FL FR FC", [1, 1, 1]),
    "4.0": ("FL FR FC BC", [1, 1, 1, 1]),
    "quad": ("FL FR BL BR", [1, 1, 1.41, 1.41]),
    "5.1": ("FL FR FC LFE BL BR", [1, 1, 1, 0, 1.41, 1.41]),
    "5.1(side)": ("FL FR FC LFE SL SR", [1, 1, 1, 0, 1.41, 1.41]),
    "6.1": ("FL FR FC LFE BC SL SR", [1, 1, 1, 0, 1, 1.41, 1.41]),
    "7.1": ("FL FR FC LFE BL BR SL SR", [1, 1, 1, 0, 1, 1, 1.41, 1.41]),
    "7.1(wide)": ("FL FR FC LFE BL BR FLC FRC", [1, 1, 1, 0, 1.41, 1.41, 1, 1]),
    "5.1.2": ("FL FR FC LFE BL BR TFL TFR", [1, 1, 1, 0, 1.41, 1.41, 1, 1]),
}


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_every_layout_has_the_weights_of_its_positions(layout: str) -> None:
    """1.41 from 60 to 120 degrees to a side, 0 for low-frequency effects, 1 elsewhere."""
    channels, weights = LAYOUTS[layout]
    assert loudness_weights(channels.split()) == pytest.approx(weights)


def test_channels_without_a_position_have_no_weights() -> None:
    """Ambisonics, and channels that nobody named."""
    assert loudness_weights(["AMBI0", "AMBI1", "AMBI2", "AMBI3"]) is None
    assert loudness_weights(["NONE"] * 9) is None


@pytest.mark.parametrize("num_channels", range(1, 9))
def test_unnamed_channels_up_to_eight_have_a_loudness(num_channels: int) -> None:
    """They are taken in the order of WAV."""
    assert len(WAVE_CHANNELS[num_channels]) == num_channels
    noise = np.random.default_rng(0).standard_normal((num_channels, 16_000)) * 0.1
    assert measure_loudness(noise, sample_rate=16_000).integrated_lufs is not None


@pytest.mark.parametrize(("channel", "gain_db"), [("FL", 0.0), ("BL", 0.0), ("SL", 1.49)])
def test_side_channel_counts_one_and_a_half_decibels_more(channel: str, gain_db: float) -> None:
    """Noise in one channel of 7.1 is as loud as in mono, at the side 1.5 dB louder."""
    noise = np.random.default_rng(0).standard_normal(32_000) * 0.1
    samples = np.zeros((8, 32_000))
    samples[WAVE_CHANNELS[8].index(channel)] = noise
    surround, mono = (measure_loudness(x, sample_rate=16_000).integrated_lufs for x in (samples, noise))
    assert surround - mono == pytest.approx(gain_db, abs=0.01)
