"""True peak: short cuts give the maximum of plain interpolation."""

import numpy as np
import pytest

from avmeter.dsp.truepeak import TruePeak, interpolation_filters, true_peak_dbtp

SAMPLE_RATE = 16000


def test_true_peak_equals_direct_interpolation() -> None:
    """Skipped blocks and products of spectra give the maximum of the plain convolution."""
    rng = np.random.default_rng(0)
    samples = rng.standard_normal(20000) * np.repeat(rng.uniform(0.1, 1, 20), 1000)
    direct = max(np.abs(np.convolve(samples, taps)).max() for taps in interpolation_filters(4))
    expected = max(direct, np.abs(samples).max())
    assert true_peak_dbtp(samples[None], sample_rate=SAMPLE_RATE) == pytest.approx(20 * np.log10(expected), abs=1e-9)


@pytest.mark.parametrize(("sample_rate", "factor"), [(48000, 4), (96000, 2), (192000, 1)])
def test_interpolation_follows_the_rate(sample_rate, factor) -> None:
    """High rates need less; at 192 kHz the samples are the peak."""
    samples = np.sin(np.pi / 2 * np.arange(2000) + np.pi / 4)[None] * np.hanning(2000)
    peak = true_peak_dbtp(samples, sample_rate=sample_rate)
    assert peak == pytest.approx(-3.01 if factor == 1 else 0.0, abs=0.01)


def test_true_peak_in_parts_equals_the_whole() -> None:
    """A maximum on the seam of two parts is found."""
    samples = np.sin(np.pi / 2 * np.arange(400) + np.pi / 4)[None] * np.hanning(400)
    meter = TruePeak(sample_rate=48000, num_channels=1)
    for start in range(0, 400, 7):
        meter.update(samples[:, start : start + 7])
    assert 20 * np.log10(meter.finish()) == pytest.approx(true_peak_dbtp(samples, sample_rate=48000), abs=1e-12)
