"""Stereo image: constructed channels whose width, level, delay and correlation are known."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.dsp import stereo
from avmeter.dsp.stereo import EQUAL_CHANNELS, StereoImage, measure_stereo

RATE = 48_000


def noise(seed: int, num_samples: int = RATE) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(num_samples).astype(np.float32) / 8


def measure(left: np.ndarray, right: np.ndarray) -> StereoImage:
    return measure_stereo(np.stack([left, right]).astype(np.float32), RATE)


def test_equal_channels_have_no_width() -> None:
    """Exactly; as mono is said to have."""
    image = measure(noise(0), noise(0))
    assert image.width == EQUAL_CHANNELS.width == 0.0
    assert (image.level_difference_db, image.time_difference_s) == pytest.approx((0.0, 0.0), abs=1e-9)
    assert (image.correlation, image.iacc) == pytest.approx((1.0, 1.0))


def test_opposite_channels_have_all_the_width() -> None:
    """They correlate with -1, and the magnitude of that is the coefficient."""
    image = measure(noise(0), -noise(0))
    assert image.width == 1.0
    assert (image.correlation, image.iacc) == pytest.approx((-1.0, 1.0))


def test_unrelated_channels_are_half_as_wide() -> None:
    """Of one level; nothing correlates at any lag."""
    image = measure(noise(0), noise(1))
    assert image.width == pytest.approx(0.5, abs=0.01)
    assert image.iacc == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("gain_db", [-12.0, 6.0])
def test_level_difference_is_that_of_the_gain_on_the_left(gain_db: float) -> None:
    """Width follows: ((g - 1) / 2)^2 against ((g + 1) / 2)^2."""
    gain = 10 ** (gain_db / 20)
    image = measure(gain * noise(0), noise(0))
    assert image.level_difference_db == pytest.approx(gain_db, abs=1e-4)
    assert image.width == pytest.approx((gain - 1) ** 2 / ((gain - 1) ** 2 + (gain + 1) ** 2), abs=1e-6)


@pytest.mark.parametrize("delay", [-30, -1, 0, 17, 47])
def test_time_difference_is_how_much_later_the_right_channel_is(delay: int) -> None:
    """To a hundredth of a sample, on either side."""
    image = measure(noise(0), np.roll(noise(0), delay))
    assert image.time_difference_s == pytest.approx(delay / RATE, abs=0.01 / RATE)
    assert image.iacc == pytest.approx(1, abs=1e-2)


def test_time_difference_is_read_between_samples() -> None:
    """A band-limited click 3.4 samples later on the right."""
    n = np.arange(-400, 400)
    image = measure(*(np.exp(-(((n - shift) / 8) ** 2)) for shift in (0.0, 3.4)))
    assert image.time_difference_s == pytest.approx(3.4 / RATE, abs=0.02 / RATE)


def test_silent_channel_leaves_the_width_only() -> None:
    """Half of the energy is in the side; there is nothing to compare."""
    image = measure(noise(0), np.zeros(RATE))
    assert image == StereoImage(
        width=0.5, level_difference_db=None, time_difference_s=None, correlation=None, iacc=None
    )
    assert measure(np.zeros(RATE), np.zeros(RATE)).width is None


def test_blocks_do_not_change_the_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A delay across the edges of blocks counts as within one."""
    left, right = noise(0), np.roll(noise(0), 20) + 0.3 * noise(1)
    whole = measure(left, right)
    monkeypatch.setattr(stereo, "_BLOCK", 1000)
    pieces = measure(left, right)
    for name in ("width", "level_difference_db", "time_difference_s", "correlation", "iacc"):
        assert getattr(pieces, name) == pytest.approx(getattr(whole, name), rel=1e-9)


def test_sound_shorter_than_the_lags_is_measured() -> None:
    """Ten samples."""
    assert measure(noise(0, 10), noise(0, 10)).width == 0.0
