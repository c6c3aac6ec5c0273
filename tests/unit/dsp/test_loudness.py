"""Loudness of waveforms that have none, and what is refused."""

import tracemalloc

import numpy as np
import pytest

from avmeter.dsp.loudness import LoudnessMeter, measure_loudness
from avmeter.errors import SkipCode, SkipError

SAMPLE_RATE = 16000
FIGURES = ("integrated_lufs", "range_lu", "momentary_max_lufs", "short_term_max_lufs", "true_peak_dbtp")


def test_silence_has_no_loudness_and_says_why() -> None:
    """None and a reason, never minus infinity."""
    result = measure_loudness(np.zeros((2, 5 * SAMPLE_RATE)), sample_rate=SAMPLE_RATE)
    for name in (*FIGURES, "sample_peak_dbfs"):
        assert getattr(result, name) is None
        assert result.reasons[name] == (SkipCode.SILENT, "all samples are 0 over 5.000 s")


def test_short_clip_has_peaks_and_no_loudness() -> None:
    """Below one block there is no loudness; the peak is still there."""
    result = measure_loudness(np.full(SAMPLE_RATE // 10, 0.1), sample_rate=SAMPLE_RATE)
    assert result.integrated_lufs is None
    assert result.reasons["integrated_lufs"] == (SkipCode.TOO_SHORT, "needs 0.4 s, got 0.100 s")
    assert result.reasons["range_lu"][0] is SkipCode.TOO_SHORT
    assert result.sample_peak_dbfs == pytest.approx(-20)


def test_one_second_has_loudness_and_no_range() -> None:
    """The range needs 3 s; what can be given is given."""
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE) * 0.1
    result = measure_loudness(noise, sample_rate=SAMPLE_RATE)
    assert result.integrated_lufs is not None
    assert result.range_lu is None
    assert set(result.reasons) == {"range_lu", "short_term_max_lufs"}


def test_hiss_below_the_gate_is_silent() -> None:
    """Nothing above -70 LUFS: no integrated loudness, but a momentary one."""
    noise = np.random.default_rng(0).standard_normal(5 * SAMPLE_RATE) * 1e-5
    result = measure_loudness(noise, sample_rate=SAMPLE_RATE)
    assert result.reasons["integrated_lufs"] == (SkipCode.SILENT, "no block is louder than -70 LUFS")
    assert result.momentary_max_lufs < -70


def test_no_samples_are_empty() -> None:
    """An empty track is its own reason."""
    result = measure_loudness(np.zeros((1, 0)), sample_rate=SAMPLE_RATE)
    assert result.reasons["sample_peak_dbfs"] == (SkipCode.EMPTY_AUDIO, "no samples")


def test_effects_channel_does_not_count() -> None:
    """Only the fourth of six channels sounds: silent to the gate, with a peak."""
    samples = np.zeros((6, SAMPLE_RATE))
    samples[3] = np.random.default_rng(0).standard_normal(SAMPLE_RATE) * 0.1
    result = measure_loudness(samples, sample_rate=SAMPLE_RATE)
    assert result.integrated_lufs is None
    assert result.sample_peak_dbfs is not None


def test_second_channel_of_equal_sound_adds_three_decibels() -> None:
    """Energies of channels add up."""
    noise = np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE) * 0.1
    mono, dual = (measure_loudness(x, sample_rate=SAMPLE_RATE) for x in (noise, np.stack([noise, noise])))
    assert dual.integrated_lufs - mono.integrated_lufs == pytest.approx(10 * np.log10(2))


def test_gain_moves_every_level_by_itself() -> None:
    """6 dB more are 6 LU and 6 dB more; the range stays."""
    noise = np.random.default_rng(0).standard_normal((1, 8 * SAMPLE_RATE)) * np.linspace(0.05, 0.2, 8 * SAMPLE_RATE)
    quiet, loud = (measure_loudness(gain * noise, sample_rate=SAMPLE_RATE) for gain in (1.0, 2.0))
    for name in ("integrated_lufs", "momentary_max_lufs", "short_term_max_lufs", "true_peak_dbtp", "sample_peak_dbfs"):
        assert getattr(loud, name) - getattr(quiet, name) == pytest.approx(20 * np.log10(2))
    assert loud.range_lu == pytest.approx(quiet.range_lu)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_non_finite_sample_is_refused(bad) -> None:
    """Counted and placed, as a skip."""
    samples = np.zeros((1, 100))
    samples[0, 40] = bad
    with pytest.raises(SkipError, match="1 of 100 samples") as caught:
        measure_loudness(samples, sample_rate=SAMPLE_RATE)
    assert caught.value.code is SkipCode.NON_FINITE


def test_unknown_layouts_and_rates_are_refused() -> None:
    """Nine channels without names need weights from the caller, and a rate must hold the filter."""
    with pytest.raises(SkipError, match="9 channels"):
        LoudnessMeter(sample_rate=SAMPLE_RATE, num_channels=9)
    with pytest.raises(SkipError, match="expected 2 channel weights"):
        LoudnessMeter(sample_rate=SAMPLE_RATE, num_channels=2, channel_weights=[1.0])
    with pytest.raises(SkipError, match="4000 Hz, got 2000 Hz"):
        LoudnessMeter(sample_rate=2000, num_channels=1)
    with pytest.raises(SkipError, match="expected 1 channels"):
        LoudnessMeter(sample_rate=SAMPLE_RATE, num_channels=1).update(np.zeros((2, 5)))
    LoudnessMeter(sample_rate=SAMPLE_RATE, num_channels=9, channel_weights=[1.0] * 9)


def test_short_sound_needs_the_memory_of_its_samples_whatever_the_rate() -> None:
    """What is too short for a block of 400 ms is said to be so without a filter that follows the rate."""
    tracemalloc.start()
    try:
        found = measure_loudness(np.full((1, 24_000), 0.5, np.float32), sample_rate=2**31 - 1)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4 * 2**20
    assert found.reasons["integrated_lufs"][0] is SkipCode.TOO_SHORT
    assert found.sample_peak_dbfs == pytest.approx(-6.02, abs=0.01)
