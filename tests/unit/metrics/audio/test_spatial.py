"""Stereo image of clips: width, notes of what could not be compared, and skips."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.result import MetricResult

RATE = 24_000


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(RATE).astype(np.float32) / 8


def measure(*channels: np.ndarray) -> MetricResult:
    wave = np.stack(channels, axis=1) if len(channels) > 1 else channels[0]
    result = create_evaluator(metrics=["audio.spatial"], device="cpu").evaluate(audio=(wave, RATE))["audio.spatial"]
    assert isinstance(result, MetricResult)
    return result


def test_sound_from_the_left_is_louder_and_earlier_there() -> None:
    """6.02 dB and 12 samples; mid and side as a ratio beside their share."""
    result = measure(noise(0), 0.5 * np.roll(noise(0), 12))
    assert result.details["level_difference_db"] == pytest.approx(6.02, abs=0.01)
    assert result.details["time_difference_s"] == pytest.approx(12 / RATE, abs=1e-6)
    assert result.score is not None
    assert result.details["side_to_mid_db"] == pytest.approx(10 * np.log10(result.score / (1 - result.score)))
    assert "note" not in result.details


def test_mono_has_width_0_and_says_that_it_is_mono() -> None:
    """As two equal channels, which do not say so, have."""
    result = measure(noise(0))
    assert result.score == 0.0
    assert "mono" in result.details["note"]
    assert measure(noise(0), noise(0)).score == 0.0


def test_opposite_channels_are_measured_although_a_mono_mix_is_silent() -> None:
    """The ratio of side to mid has no limit there: it is left out."""
    result = measure(noise(0), -noise(0))
    assert result.score == 1.0
    assert "side_to_mid_db" not in result.details


def test_silent_channel_is_noted() -> None:
    """A width, and no differences."""
    result = measure(noise(0), np.zeros(RATE, np.float32))
    assert result.score == 0.5
    assert "one channel is silent" in result.details["note"]


@pytest.mark.parametrize(("num_channels", "gain", "code"), [(2, 0.0, "silent"), (3, 1.0, "unsupported")])
def test_silence_and_surround_are_skipped(num_channels: int, gain: float, code: str) -> None:
    """By name."""
    result = measure(*(gain * noise(i) for i in range(num_channels)))
    assert result.score is None
    assert result.skip is not None
    assert result.skip.code == code
