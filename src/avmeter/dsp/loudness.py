"""Loudness as broadcasters measure it: integrated loudness, loudness range, true peak.

ITU-R BS.1770-5 (K-weighting, channel weights, two gates, true peak), EBU R 128 with EBU Tech 3341
(momentary and short-term loudness) and Tech 3342 (loudness range).

    waveform -> K-weighting -> energy per 100 ms and channel -> weighted sum -> 400 ms and 3 s blocks -> gates
             -> 4 x oversampling -> largest absolute value

Both filters are applied as products of spectra on overlapping blocks: the K-weighting rings for a few
milliseconds, so a block with a lead of 150 ms gives the recursive filter's output to float64 precision, with no
loop over samples. Any length fits: an hour takes 36,000 energies per channel.

Shape letters: `C` channels, `T` time (samples), `B` steps of 100 ms.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from avmeter.dsp.channel_weights import WAVE_CHANNELS, loudness_weights
from avmeter.dsp.k_weighting import k_weighting
from avmeter.dsp.truepeak import TruePeak
from avmeter.errors import SkipCode, SkipError

FloatArray = npt.NDArray[np.float64]

_OFFSET_DB = -0.691  # BS.1770-5, eq. 2: a 997 Hz sine of 0 dBFS on one front channel is -3.01 LKFS
_ABSOLUTE_GATE_LUFS = -70.0
_INTEGRATED_GATE_LU = -10.0
_RANGE_GATE_LU = -20.0
_RANGE_PERCENTILES = (10.0, 95.0)
_STEPS_PER_SECOND = 10
_MOMENTARY_STEPS = 4  # 400 ms with 75% overlap
_SHORT_TERM_STEPS = 30  # 3 s
_LEAD_S = 0.15  # 36 time constants of the slowest pole, 38 Hz: e^-36 is below float64 rounding
_MINIMUM_SAMPLE_RATE = 4000  # the shelf's corner, 1682 Hz, must lie below half the rate


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """Loudness figures of one waveform. A figure that is not defined is None, and `reasons` says why.

    Attributes:
        integrated_lufs: Gated loudness of the whole, LUFS.
        range_lu: Loudness range (LRA), LU.
        momentary_max_lufs: Largest loudness of a 400 ms block, LUFS.
        short_term_max_lufs: Largest loudness of a 3 s block, LUFS.
        true_peak_dbtp: Largest absolute value between and at the samples, dBTP.
        sample_peak_dbfs: Largest absolute sample, dBFS.
        duration_s: Length, seconds.
        reasons: Attribute name of each None -> code and sentence.
    """

    integrated_lufs: float | None
    range_lu: float | None
    momentary_max_lufs: float | None
    short_term_max_lufs: float | None
    true_peak_dbtp: float | None
    sample_peak_dbfs: float | None
    duration_s: float
    reasons: Mapping[str, tuple[SkipCode, str]] = field(default_factory=dict)


def measure_loudness(
    waveform: npt.ArrayLike, *, sample_rate: int, channel_weights: Sequence[float] | None = None
) -> Loudness:
    """Measure the loudness of a waveform (C, T) or (T,), full scale 1.0.

    Args:
        waveform: Real samples.
        sample_rate: Hz, at least 4000.
        channel_weights: One per channel; default: by the number of channels, in the order of WAV.

    Raises:
        SkipError: A sample is not finite, the rate is too low, or no weights are known for the channels.
    """
    samples = np.atleast_2d(np.asarray(waveform))
    meter = LoudnessMeter(sample_rate=sample_rate, num_channels=samples.shape[0], channel_weights=channel_weights)
    meter.update(samples)
    return meter.finish()


class LoudnessMeter:
    """Loudness of a waveform that arrives in parts of any size."""

    def __init__(self, *, sample_rate: int, num_channels: int, channel_weights: Sequence[float] | None = None) -> None:
        """Start at the beginning of a waveform.

        Args:
            sample_rate: Hz, at least 4000.
            num_channels: C.
            channel_weights: One per channel; default: by their number, in the order of WAV.

        Raises:
            SkipError: The rate is too low, or no weights are known for that many channels.
        """
        if sample_rate < _MINIMUM_SAMPLE_RATE:
            raise SkipError(
                SkipCode.UNSUPPORTED,
                f"loudness needs a sample rate of at least {_MINIMUM_SAMPLE_RATE} Hz, got {sample_rate} Hz",
                hint="resample the sound",
            )
        self._sample_rate = sample_rate
        self._weights = _weights(num_channels, channel_weights)
        self._num_channels = num_channels
        self._lead = math.ceil(_LEAD_S * sample_rate)
        self._n_fft = 1 << (4 * self._lead - 1).bit_length()
        self._hop_length = self._n_fft - self._lead
        self._history: FloatArray | None = None
        self._pending: list[FloatArray] = []
        self._num_pending = 0
        self._num_samples = 0
        self._energies = _StepEnergies(num_channels, sample_rate)
        self._true_peak = TruePeak(sample_rate=sample_rate, num_channels=num_channels)
        self._sample_peak = 0.0

    def update(self, samples: npt.ArrayLike) -> None:
        """Take the next samples (C, T).

        Raises:
            SkipError: Another number of channels, or a sample that is not finite.
        """
        part = np.asarray(samples)
        if part.ndim != 2 or part.shape[0] != self._num_channels:
            raise SkipError(
                SkipCode.UNSUPPORTED,
                f"expected {self._num_channels} channels, got shape {part.shape}",
                hint="all parts of a clip have the channels of the first",
            )
        for start in range(0, part.shape[1], self._hop_length):
            self._take(part[:, start : start + self._hop_length].astype(np.float64))

    def finish(self) -> Loudness:
        """Return the figures of everything taken so far."""
        self._flush()
        energies = self._energies.weighted(self._weights)
        reasons: dict[str, tuple[SkipCode, str]] = {}
        duration_s = self._num_samples / self._sample_rate
        momentary = _block_loudness(energies, _MOMENTARY_STEPS)
        short_term = _block_loudness(energies, _SHORT_TERM_STEPS)
        figures = {
            "integrated_lufs": integrated_loudness(momentary),
            "range_lu": loudness_range(short_term),
            "momentary_max_lufs": _largest(momentary),
            "short_term_max_lufs": _largest(short_term),
            "true_peak_dbtp": _decibel(self._true_peak.finish()),
            "sample_peak_dbfs": _decibel(self._sample_peak),
        }
        for name, value in figures.items():
            if value is None:
                reasons[name] = _reason(name, duration_s, self._sample_peak)
        return Loudness(**figures, duration_s=duration_s, reasons=reasons)

    def _take(self, part: FloatArray) -> None:
        if not np.isfinite(part).all():
            bad = int(np.count_nonzero(~np.isfinite(part)))
            raise SkipError(
                SkipCode.NON_FINITE,
                f"{bad} of {part.size} samples from sample {self._num_samples} on are not finite",
            )
        self._num_samples += part.shape[1]
        self._sample_peak = max(self._sample_peak, float(np.abs(part).max(initial=0.0)))
        self._true_peak.update(part)
        self._pending.append(part)
        self._num_pending += part.shape[1]
        if self._num_pending >= self._hop_length:
            self._filter()

    def _filter(self) -> None:
        """K-weight the first `hop_length` pending samples; keep the others."""
        joined = self._joined()
        block, rest = joined[:, : self._n_fft], joined[:, self._n_fft :]
        self._energies.add(self._weighted(block))
        self._history = block[:, -self._lead :]
        self._pending, self._num_pending = [rest], rest.shape[1]

    def _flush(self) -> None:
        # Below one block nothing is defined, and what the filter takes follows the rate, not the length.
        if self._num_pending and self._num_samples >= _MOMENTARY_STEPS * self._sample_rate / _STEPS_PER_SECOND - 1:
            joined = self._joined()
            self._energies.add(self._weighted(joined))
            self._pending, self._num_pending = [], 0
            self._history = joined[:, -self._lead :]

    def _joined(self) -> FloatArray:
        if self._history is None:
            self._history = np.zeros((self._num_channels, self._lead))
        return np.concatenate([self._history, *self._pending], axis=1)

    @functools.cached_property
    def _response(self) -> npt.NDArray[np.complex128]:
        frequencies: FloatArray = np.arange(self._n_fft // 2 + 1) * np.float64(self._sample_rate / self._n_fft)
        return k_weighting(frequencies, sample_rate=self._sample_rate)

    def _weighted(self, block: FloatArray) -> FloatArray:
        # The product wraps around within the block; what wraps falls on the lead, which is dropped.
        spectrum = np.fft.rfft(block, self._n_fft) * self._response
        filtered: FloatArray = np.fft.irfft(spectrum, self._n_fft)[:, self._lead : block.shape[1]]
        return filtered


class _StepEnergies:
    """Sums of squares per 100 ms and channel; a step of 1102.5 samples is cut at rounded positions."""

    def __init__(self, num_channels: int, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._position = 0
        self._open = np.zeros(num_channels)
        self._closed: list[FloatArray] = []

    def add(self, filtered: FloatArray) -> None:
        squares = filtered**2
        edges = self._edges(squares.shape[1])
        cuts = [0, *(edge - self._position for edge in edges)]
        sums = np.add.reduceat(squares, cuts, axis=1) if cuts[-1] < squares.shape[1] else None
        if sums is None:
            sums = np.concatenate([np.add.reduceat(squares, cuts[:-1], axis=1), np.zeros((len(squares), 1))], axis=1)
        sums[:, 0] += self._open
        self._open = sums[:, -1]
        self._closed.append(sums[:, :-1])
        self._position += squares.shape[1]

    def weighted(self, weights: FloatArray) -> FloatArray:
        """Return mean squares (B,) of the full steps, summed over channels."""
        if not self._closed:
            return np.zeros(0)
        sums = np.concatenate(self._closed, axis=1)
        edges = np.array([self._edge(step) for step in range(sums.shape[1] + 1)])
        energies: FloatArray = weights @ (sums / np.diff(edges))
        return energies

    def _edge(self, step: int) -> int:
        return (step * self._sample_rate + _STEPS_PER_SECOND // 2) // _STEPS_PER_SECOND

    def _edges(self, num_samples: int) -> list[int]:
        """Return the ends of steps in (position, position + num_samples]."""
        end = self._position + num_samples
        step = self._position * _STEPS_PER_SECOND // self._sample_rate
        edges = []
        while (edge := self._edge(step)) <= end:
            if edge > self._position:
                edges.append(edge)
            step += 1
        return edges


def integrated_loudness(momentary: FloatArray) -> float | None:
    """Return the gated loudness (LUFS) from the loudness of 400 ms blocks, or None when nothing passes -70 LUFS."""
    loud = momentary[momentary > _ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return None
    threshold = _mean_loudness(loud) + _INTEGRATED_GATE_LU
    return _mean_loudness(loud[loud > threshold])


def loudness_range(short_term: FloatArray) -> float | None:
    """Return the loudness range (LU) from the loudness of 3 s blocks, or None when nothing passes -70 LUFS.

    The 10th to the 95th percentile above the relative gate (Tech 3342), by nearest rank.
    """
    loud = short_term[short_term >= _ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return None
    gated = np.sort(loud[loud >= _mean_loudness(loud) + _RANGE_GATE_LU])
    low, high = (gated[math.floor((len(gated) - 1) * p / 100 + 0.5)] for p in _RANGE_PERCENTILES)
    return float(high - low)


def _block_loudness(energies: FloatArray, num_steps: int) -> FloatArray:
    """Return the loudness (LUFS) of every block of `num_steps` steps, one per step; -inf for digital silence."""
    if len(energies) < num_steps:
        return np.zeros(0)
    means = np.lib.stride_tricks.sliding_window_view(energies, num_steps).mean(axis=1)
    with np.errstate(divide="ignore"):
        loudness: FloatArray = _OFFSET_DB + 10 * np.log10(means)
    return loudness


def _mean_loudness(loudness: FloatArray) -> float:
    """Return the loudness of the mean energy; the offset drops out."""
    return float(10 * np.log10(np.mean(10 ** (loudness / 10))))


def _largest(loudness: FloatArray) -> float | None:
    largest = float(loudness.max(initial=-np.inf))
    return largest if largest > -np.inf else None


def _decibel(amplitude: float) -> float | None:
    return 20 * math.log10(amplitude) if amplitude > 0 else None


def _reason(name: str, duration_s: float, sample_peak: float) -> tuple[SkipCode, str]:
    if duration_s == 0.0:
        return SkipCode.EMPTY_AUDIO, "no samples"
    if sample_peak == 0.0:
        return SkipCode.SILENT, f"all samples are 0 over {duration_s:.3f} s"
    needed_s = 3.0 if name in ("range_lu", "short_term_max_lufs") else 0.4
    if duration_s < needed_s:
        return SkipCode.TOO_SHORT, f"needs {needed_s} s, got {duration_s:.3f} s"
    return SkipCode.SILENT, f"no block is louder than {_ABSOLUTE_GATE_LUFS:g} LUFS"


def _weights(num_channels: int, explicit: Sequence[float] | None) -> FloatArray:
    weights = loudness_weights(WAVE_CHANNELS.get(num_channels, ("NONE",))) if explicit is None else tuple(explicit)
    if weights is None:
        raise SkipError(
            SkipCode.UNSUPPORTED,
            f"no loudness weights for {num_channels} channels",
            hint="mix down to a layout of named channels, such as 5.1, or give `channel_weights=`",
        )
    array = np.asarray(weights, dtype=np.float64)
    if array.shape != (num_channels,) or not np.isfinite(array).all() or array.min() < 0:
        raise SkipError(
            SkipCode.UNSUPPORTED,
            f"expected {num_channels} channel weights of 0 or more, got {tuple(weights)}",
            hint="`channel_weights=` has one for each channel",
        )
    return array
