"""Resampling by a windowed sinc, equal to `torchaudio.functional.resample` with its defaults or to resampy's best.

With the rates reduced by their common divisor to P : Q, output sample q of every period of P input samples lies at
q P / Q, and

    y[q] = sum_j x[j] h(j - q P / Q),   h(d) = c/P sinc(c d / P) window(c d / P),   |d| <= w P / c

where c is the cut-off, a little below min(P, Q), and w the zero crossings on each side. Outside the signal x is 0.

The kernel of a whole period is Q x (P + 2 w P / c) and mostly zeros: 3 GB for 47999 Hz -> 16000 Hz. So the Q
phases are taken in groups, each with its own dense, small kernel, and every group is one matrix product over a
block of periods. Products run in float64: neither TF32 nor autocast touches them, and they cost less than decoding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from avmeter.errors import UsageError

_HANN_CROSSINGS = 6
_KAISER_ROLLOFF, _KAISER_BETA = 0.9475937167399596, 14.769656459379492
_KAISER_REACH, _KAISER_STEPS = 64, 512  # the table's length in samples of the lower rate, and its steps in each
# Phases of one matrix product: more of them share a frame of the input, but their kernel has more zeros.
_GROUP = 32
# Numbers in one block of frames: 16 MiB of float64.
_BLOCK = 1 << 21


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """A windowed sinc.

    Attributes:
        zero_crossings: On each side, where the window ends.
        rolloff: Cut-off as a share of the lower Nyquist frequency.
        shape: Windowed sinc at t zero crossings from its middle, |t| <= zero_crossings; 0 at that limit.
    """

    zero_crossings: float
    rolloff: float
    shape: Callable[[Tensor], Tensor]


def _hann_sinc(t: Tensor) -> Tensor:
    return torch.sinc(t) * torch.cos(t * (math.pi / (2 * _HANN_CROSSINGS))).square()


def _kaiser_sinc(t: Tensor) -> Tensor:
    """Read resampy's table, with straight lines between its values, which are heard below -110 dB."""
    place = t.abs() * (_KAISER_STEPS / _KAISER_ROLLOFF)
    table = _kaiser_table().to(t.device)
    before = place.long().clamp_max(len(table) - 2)
    found = torch.lerp(table[before], table[before + 1], place - before)
    return torch.where(place < len(table) - 1, found, 0.0)


@lru_cache(maxsize=1)
def _kaiser_table() -> Tensor:
    steps = _KAISER_REACH * _KAISER_STEPS
    # Outside inference mode: what is kept here may later meet autograd.
    with torch.inference_mode(False):
        window = torch.kaiser_window(2 * steps + 1, periodic=False, beta=_KAISER_BETA, dtype=torch.float64)[steps:]
        t = torch.arange(steps + 1, dtype=torch.float64) * (_KAISER_ROLLOFF / _KAISER_STEPS)
        return torch.sinc(t) * window


HANN = Kernel(zero_crossings=_HANN_CROSSINGS, rolloff=0.99, shape=_hann_sinc)
"""torchaudio's defaults."""
KAISER_BEST = Kernel(zero_crossings=_KAISER_REACH * _KAISER_ROLLOFF, rolloff=_KAISER_ROLLOFF, shape=_kaiser_sinc)
"""`kaiser_best` of resampy before 0.3."""


def resample(waves: Tensor, *, sample_rate: int, to_rate: int, kernel: Kernel = HANN) -> Tensor:
    """Resample waveforms to another rate, band-limited to the roll-off's share of the lower Nyquist frequency.

    Args:
        waves: (..., N), float32 or float64, any device.
        sample_rate: Rate of `waves` in Hz.
        to_rate: Rate of the result in Hz.
        kernel: `HANN` or `KAISER_BEST`.

    Returns:
        (..., ceil(N * to_rate / sample_rate)), same dtype and device; `waves` itself when the rates are equal.

    Raises:
        UsageError: A rate is not a positive whole number.

    Source: torchaudio's `functional.resample` and `transforms.Resample` (`sinc_interp_hann`, width 6, rolloff 0.99).
    Those round the phases q / Q to float32, this one does not: they differ by about 3e-7 of full scale where Q
    divides a power of two, up to 4e-5 elsewhere (11025 -> 16000 Hz). `KAISER_BEST`: resampy 0.2.2's `resample`, which
    drops the last sample where N * to_rate / sample_rate is not whole.
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
    width = _half_width(period, phases, kernel)
    flat = waves.reshape(-1, num_samples)
    padded = functional.pad(flat, (width, num_periods * period - num_samples + width + 1))
    out = waves.new_empty((len(flat), num_periods, phases))
    for first, start, taps in _kernels(period, phases, width, kernel, waves.device):
        frames = padded[:, start:].unfold(-1, len(taps), period)
        step = max(1, _BLOCK // (len(taps) * max(1, len(flat))))
        for begin in range(0, num_periods, step):
            block = slice(begin, min(begin + step, num_periods))
            out[:, block, first : first + taps.shape[1]] = frames[:, block].to(taps.dtype) @ taps
    return out.reshape(len(flat), -1)[:, :num_out].reshape(*waves.shape[:-1], num_out)


def resample_stream(
    blocks: Iterable[npt.NDArray[np.float32]],
    *,
    sample_rate: int,
    to_rate: int,
    kernel: Kernel = HANN,
    block_samples: int,
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield blocks (n, C) of what `resample` makes of all these blocks together.

    It is cut at whole periods, with enough of their neighbours that no cut shows:

        |<-- margin -->|<-- step: yielded -->|<-- margin -->|

    Args:
        blocks: (n, C), of any length.
        sample_rate: Their rate in Hz.
        to_rate: Rate of the result in Hz, another one.
        kernel: As of `resample`.
        block_samples: Samples of a step, about; what has fewer is resampled at once.
    """
    divisor = math.gcd(sample_rate, to_rate)
    period, phases = sample_rate // divisor, to_rate // divisor
    reach = _half_width(period, phases, kernel) + 2
    margin = -(-reach // period) * period
    step = -(-block_samples // period) * period

    def convert(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        waves = torch.from_numpy(np.ascontiguousarray(samples.T))
        found: npt.NDArray[np.float32] = (
            resample(waves, sample_rate=sample_rate, to_rate=to_rate, kernel=kernel).numpy().T
        )
        return found

    parts: list[npt.NDArray[np.float32]] = []
    left = size = 0  # samples of margin in front, samples at hand
    for block in blocks:
        parts.append(block)
        size += len(block)
        if size < left + step + margin:
            continue
        joined = np.concatenate(parts)
        while len(joined) >= left + step + margin:
            start = left // period * phases
            yield convert(joined[: left + step + margin])[start : start + step // period * phases]
            joined = joined[left + step - margin :]
            left = margin
        parts, size = [joined], len(joined)
    if size:
        yield convert(np.concatenate(parts))[left // period * phases :]


def _reduced(sample_rate: int, to_rate: int) -> tuple[int, int]:
    """Return the rates without their common divisor; short ratios are repeated up to a worthwhile group of phases."""
    divisor = math.gcd(sample_rate, to_rate)
    period, phases = sample_rate // divisor, to_rate // divisor
    repeat = max(1, _GROUP // max(period, phases))
    return period * repeat, phases * repeat


def _half_width(period: int, phases: int, kernel: Kernel) -> int:
    """Return the number of input samples on each side of an output sample that its kernel reaches."""
    return math.ceil(kernel.zero_crossings * period / (kernel.rolloff * min(period, phases)))


def _kernels(
    period: int, phases: int, width: int, kernel: Kernel, device: torch.device
) -> Iterator[tuple[int, int, Tensor]]:
    """Yield (first phase, start of its frames in the padded signal, kernel (taps, group)) of every group of phases."""
    cutoff = kernel.rolloff * min(period, phases)
    for first in range(0, phases, _GROUP):
        group = torch.arange(first, min(first + _GROUP, phases), device=device)
        start = first * period // phases
        stop = int(group[-1]) * period // phases + 2 * width + 1
        taps = torch.arange(start - width, stop - width, device=device)
        # Whole numbers up to here: the distance of tap and phase is exact.
        distance = (taps[:, None] * phases - group * period).double() / (phases * period)
        t = (distance * cutoff).clamp(-kernel.zero_crossings, kernel.zero_crossings)
        yield first, start, kernel.shape(t) * (cutoff / period)
