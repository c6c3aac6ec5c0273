"""K-weighting of ITU-R BS.1770-5: a shelf that stands for the head and a high pass, at any sample rate."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
#: Factors of z^0, z^-1, z^-2; of numerator and denominator.
Coefficients = tuple[float, float, float]
Biquad = tuple[Coefficients, Coefficients]

# Analogue prototypes behind the 48 kHz tables, solved from them (they are the ones of libebur128).
_TABLE_SAMPLE_RATE = 48000
_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_SHELF_BAND_EXPONENT = 0.4996667741545416
_HIGH_PASS_HZ, _HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773


def k_weighting(frequencies: FloatArray, *, sample_rate: int) -> npt.NDArray[np.complex128]:
    """Return the frequency response of the K-weighting at `frequencies` (Hz), for any sample rate.

    The two filters of BS.1770-5, tables 1 and 2, are given for 48 kHz only. Their analogue prototypes (a
    shelf of +4.0 dB at 1682 Hz and a high pass at 38 Hz), taken through the bilinear transform, give those
    tables to 1e-10 at 48 kHz. At other rates the curve bends towards half the rate as in every meter that
    does so: a 997 Hz tone reads 0.00 dB more or less at 32 to 96 kHz, 0.05 dB less at 16 kHz, 0.2 dB at 8 kHz.
    """
    z = np.exp(-2j * np.pi * frequencies / sample_rate)
    response = np.ones(len(frequencies), dtype=np.complex128)
    for numerator, denominator in (shelf_coefficients(sample_rate), high_pass_coefficients(sample_rate)):
        response *= (numerator[0] + numerator[1] * z + numerator[2] * z * z) / (
            denominator[0] + denominator[1] * z + denominator[2] * z * z
        )
    return response


def shelf_coefficients(sample_rate: int) -> Biquad:
    """Return numerator and denominator of the first filter, the shelf that stands for the head."""
    k = math.tan(math.pi * _SHELF_HZ / sample_rate)
    high = 10 ** (_SHELF_DB / 20)
    band = high**_SHELF_BAND_EXPONENT
    scale = 1 + k / _SHELF_Q + k * k
    numerator = (high + band * k / _SHELF_Q + k * k, 2 * (k * k - high), high - band * k / _SHELF_Q + k * k)
    denominator = (scale, 2 * (k * k - 1), 1 - k / _SHELF_Q + k * k)
    return _normalised(numerator, scale), _normalised(denominator, scale)


def high_pass_coefficients(sample_rate: int) -> Biquad:
    """Return numerator and denominator of the second filter.

    The table's numerator is 1, -2, 1 though its denominator is normalised: a gain of 0.04 dB at 48 kHz. The
    same gain is kept at every rate (taking 1, -2, 1 everywhere would read 0.09 dB more at 16 kHz).
    """
    k, scale = _high_pass_scale(sample_rate)
    gain = _high_pass_scale(_TABLE_SAMPLE_RATE)[1]
    denominator = (scale, 2 * (k * k - 1), 1 - k / _HIGH_PASS_Q + k * k)
    return _normalised((gain, -2 * gain, gain), scale), _normalised(denominator, scale)


def _high_pass_scale(sample_rate: int) -> tuple[float, float]:
    k = math.tan(math.pi * _HIGH_PASS_HZ / sample_rate)
    return k, 1 + k / _HIGH_PASS_Q + k * k


def _normalised(coefficients: Coefficients, scale: float) -> Coefficients:
    z0, z1, z2 = coefficients
    return z0 / scale, z1 / scale, z2 / scale
