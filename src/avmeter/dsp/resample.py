"""Resampling by a windowed sinc, equal to `torchaudio.functional.resample` with its defaults.

With the rates reduced by their common divisor to P : Q, output sample q of every period of P input samples lies at
q P / Q, and

    y[q] = sum_j x[j] h(j - q P / Q),   h(d) = c/P sinc(c d / P) cos(pi c d / (2 w P))^2,   |d| <= w P / c

where c = 0.99 min(P, Q) is the cut-off and w = 6 the zero crossings on each side. Outside the signal x is 0.

The kernel of a whole period is Q x (P + 2 w P / c) and mostly zeros: 3 GB for 47999 Hz -> 16000 Hz. So the Q
phases are taken in groups, each with its own dense, small kernel, and every group is one matrix product over a
block of periods. Products run in float64: neither TF32 nor autocast touches them, and they cost less than decoding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from avmeter.errors import UsageError

_ZERO_CROSSINGS = 6
_ROLLOFF = 0.99
# Phases of one matrix product: more of them share a frame of the input, but their kernel has more zeros.
_GROUP = 32
# Numbers in one block of frames: 16 MiB of float64.
_BLOCK = 1 << 21


def resample(waves: Tensor, *, sample_rate: int, to_rate: int) -> Tensor:
    """Resample waveforms to another rate, band-limited to 0.99 of the lower Nyquist frequency.

    Args:
        waves: (..., N), float32 or float64, any device.
        sample_rate: Rate of `waves` in Hz.
        to_rate: Rate of the result in Hz.

    Returns:
        (..., ceil(N * to_rate / sample_rate)), same dtype and device; `waves` itself when the rates are equal.

    Raises:
        UsageError: A rate is not a positive whole number.

    Source: torchaudio's `functional.resample` and `transforms.Resample` (`sinc_interp_hann`, width 6, rolloff 0.99).
    Those round the phases q / Q to float32, this one does not: they differ by about 3e-7 of full scale where Q
    divides a power of two, up to 4e-5 elsewhere (11025 -> 16000 Hz).
    """
    for rate in (sample_rate, to_rate):
        if not isinstance(rate, int) or rate < 1:
            raise UsageError(f"a sample rate is a positive whole number of Hz, got {rate!r}")
    num_samples = waves.shape[-1]
    if sample_rate == to_rate or num_samples == 0:
        return waves
    period, phases = _reduced(sample_rate, to_rate)
    num_out = -(-num_samples * phases // period)
    num_periods = -(-num_out // phases)
    width = _half_width(period, phases)
    flat = waves.reshape(-1, num_samples)
    padded = functional.pad(flat, (width, num_periods * period - num_samples + width + 1))
    out = waves.new_empty((len(flat), num_periods, phases))
    for first, start, kernel in _kernels(period, phases, width, waves.device):
        frames = padded[:, start:].unfold(-1, len(kernel), period)
        step = max(1, _BLOCK // (len(kernel) * max(1, len(flat))))
        for begin in range(0, num_periods, step):
            block = slice(begin, min(begin + step, num_periods))
            out[:, block, first : first + kernel.shape[1]] = frames[:, block].to(kernel.dtype) @ kernel
    return out.reshape(len(flat), -1)[:, :num_out].reshape(*waves.shape[:-1], num_out)


def _reduced(sample_rate: int, to_rate: int) -> tuple[int, int]:
    """Return the rates without their common divisor; short ratios are repeated up to a worthwhile group of phases."""
    divisor = math.gcd(sample_rate, to_rate)
    period, phases = sample_rate // divisor, to_rate // divisor
    repeat = max(1, _GROUP // max(period, phases))
    return period * repeat, phases * repeat


def _half_width(period: int, phases: int) -> int:
    """Return the number of input samples on each side of an output sample that its kernel reaches."""
    return math.ceil(_ZERO_CROSSINGS * period / (_ROLLOFF * min(period, phases)))


def _kernels(period: int, phases: int, width: int, device: torch.device) -> Iterator[tuple[int, int, Tensor]]:
    """Yield (first phase, start of its frames in the padded signal, kernel (taps, group)) of every group of phases."""
    cutoff = _ROLLOFF * min(period, phases)
    for first in range(0, phases, _GROUP):
        group = torch.arange(first, min(first + _GROUP, phases), device=device)
        start = first * period // phases
        stop = int(group[-1]) * period // phases + 2 * width + 1
        taps = torch.arange(start - width, stop - width, device=device)
        # Whole numbers up to here: the distance of tap and phase is exact.
        distance = (taps[:, None] * phases - group * period).double() / (phases * period)
        t = (distance * cutoff).clamp(-_ZERO_CROSSINGS, _ZERO_CROSSINGS)
        window = torch.cos(t * (math.pi / (2 * _ZERO_CROSSINGS))).square()
        yield first, start, torch.sinc(t) * window * (cutoff / period)
