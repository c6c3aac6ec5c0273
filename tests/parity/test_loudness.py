"""Loudness against the standards' own test signals and tables.

Signals: EBU Tech 3341 cases 1 to 6 and 15 to 19, Tech 3342 cases 1 to 4, synthesised as they are described there.
Tolerances are theirs: 0.1 LU, 1 LU for the range, +0.2 and -0.4 dB for the true peak.
"""

import numpy as np
import pytest
import scipy.signal

from avmeter.dsp.k_weighting import high_pass_coefficients, k_weighting, shelf_coefficients
from avmeter.dsp.loudness import LoudnessMeter, measure_loudness

SAMPLE_RATE = 48000


def tone(level_db, duration_s, *, frequency=1000.0, sample_rate=SAMPLE_RATE, phase_degrees=0.0) -> np.ndarray:
    t = np.arange(round(sample_rate * duration_s)) / sample_rate
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency * t + np.radians(phase_degrees))


def stereo(*parts: tuple[float, float]) -> np.ndarray:
    return np.tile(np.concatenate([tone(*part) for part in parts]), (2, 1))


def test_filter_coefficients_are_those_of_the_table() -> None:
    """BS.1770-5, tables 1 and 2, at 48 kHz."""
    np.testing.assert_allclose(
        shelf_coefficients(SAMPLE_RATE),
        [(1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)],
        atol=1e-10,
    )
    np.testing.assert_allclose(
        high_pass_coefficients(SAMPLE_RATE),
        [(1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)],
        atol=1e-10,
    )


@pytest.mark.parametrize("sample_rate", [16000, 22050, 44100, 48000, 96000])
def test_block_filtering_equals_the_recursive_filter(sample_rate) -> None:
    """The energies of 100 ms steps are those of SciPy's recursive filters to 1e-10."""
    samples = np.random.default_rng(0).standard_normal((1, sample_rate * 4)) + 0.5
    filtered = samples
    for numerator, denominator in (shelf_coefficients(sample_rate), high_pass_coefficients(sample_rate)):
        filtered = scipy.signal.lfilter(numerator, denominator, filtered, axis=1)
    step = sample_rate // 10
    steps = (filtered[0, : 40 * step].reshape(40, step) ** 2).mean(axis=1)
    expected = -0.691 + 10 * np.log10(np.convolve(steps, np.ones(4) / 4, "valid").max())
    assert measure_loudness(samples, sample_rate=sample_rate).momentary_max_lufs == pytest.approx(expected, abs=1e-10)


def test_response_is_that_of_the_coefficients() -> None:
    """Evaluated by SciPy at a few frequencies."""
    frequencies = np.array([20.0, 997.0, 10000.0])
    expected = np.ones(3, dtype=complex)
    for numerator, denominator in (shelf_coefficients(44100), high_pass_coefficients(44100)):
        expected *= scipy.signal.freqz(numerator, denominator, frequencies, fs=44100)[1]
    np.testing.assert_allclose(k_weighting(frequencies, sample_rate=44100), expected, rtol=1e-9)


@pytest.mark.parametrize("sample_rate", [24000, 32000, 44100, 48000, 96000])
def test_full_scale_sine_on_one_channel_is_minus_three(sample_rate) -> None:
    """997 Hz, 0 dBFS, mono: -3.01 LUFS, by the definition of the offset -0.691 dB."""
    samples = tone(0.0, 5, frequency=997.0, sample_rate=sample_rate)
    assert measure_loudness(samples, sample_rate=sample_rate).integrated_lufs == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_tech_3341_stereo_signals(parts, expected) -> None:
    """Cases 1 to 5: steady tones, the relative gate, the absolute gate, a quiet frame about a loud middle."""
    result = measure_loudness(stereo(*parts), sample_rate=SAMPLE_RATE)
    assert result.integrated_lufs == pytest.approx(expected, abs=0.1)


def test_tech_3341_surround_signal() -> None:
    """Case 6: 5.1 with -28 dBFS in front, -24 in the centre, -30 behind; the effects channel does not count."""
    samples = np.stack([tone(level, 20) for level in (-28, -28, -24, -10, -30, -30)])
    assert measure_loudness(samples, sample_rate=SAMPLE_RATE).integrated_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20), ((-50, -35, -20, -35, -50), 15)],
)
def test_tech_3342_range_signals(levels, expected) -> None:
    """Cases 1 to 4, 20 s a level."""
    result = measure_loudness(stereo(*((level, 20) for level in levels)), sample_rate=SAMPLE_RATE)
    assert result.range_lu == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(
    ("divisor", "phase_degrees", "amplitude"),
    [(4, 0, 0.5), (4, 45, 0.5), (6, 60, 0.5), (8, 67.5, 0.5), (4, 45, 1.41)],
)
def test_tech_3341_true_peak_signals(divisor, phase_degrees, amplitude) -> None:
    """Cases 15 to 19: a tone whose samples miss its maximum, faded in and out so that it is band limited."""
    level_db = 20 * np.log10(amplitude)
    samples = tone(level_db, 1, frequency=SAMPLE_RATE / divisor, phase_degrees=phase_degrees)
    t = np.arange(len(samples)) / SAMPLE_RATE
    samples *= np.clip(np.minimum(t, 1 - t) / 0.1, 0, 1)
    peak = measure_loudness(samples, sample_rate=SAMPLE_RATE).true_peak_dbtp
    assert level_db - 0.4 < peak < level_db + 0.2


def test_gate_agrees_with_pyloudnorm() -> None:
    """Two channels of swelling noise: pyloudnorm 0.2.0 with its "DeMan" filters gives -16.306458337022 LUFS."""
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((2, 30 * SAMPLE_RATE)) * 0.1
    samples *= np.abs(np.sin(np.arange(30 * SAMPLE_RATE) / SAMPLE_RATE))
    result = measure_loudness(samples, sample_rate=SAMPLE_RATE)
    assert result.integrated_lufs == pytest.approx(-16.306458337022, abs=1e-9)


def test_parts_of_any_size_equal_the_whole() -> None:
    """A meter that is fed in pieces reads the same."""
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((2, 5 * 11025)).astype(np.float32)
    meter = LoudnessMeter(sample_rate=11025, num_channels=2)
    start = 0
    while start < samples.shape[1]:
        length = int(rng.integers(0, 9000))
        meter.update(samples[:, start : start + length])
        start += length
    whole, parts = measure_loudness(samples, sample_rate=11025), meter.finish()
    assert parts.duration_s == whole.duration_s == 5.0
    for name in ("integrated_lufs", "range_lu", "short_term_max_lufs", "true_peak_dbtp", "sample_peak_dbfs"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), abs=1e-9)
