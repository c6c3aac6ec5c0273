"""What decoding an audio track has shown: `AudioFacts`, and the running sums behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

# Peak of a waveform below which it counts as silent: one step of 16 bits.
SILENCE_PEAK = 2.0**-15
# A mix this far below its own channels has cancelled out (-60 dB: lossy codecs leave a residue).
_CANCELLED_RATIO = 1e-3


@dataclass(frozen=True, kw_only=True)
class AudioFacts:
    """What decoding an audio track has shown.

    Attributes:
        num_channels: Channels.
        layout: Their names, "" where the file does not say.
        sample_rate: Native rate, Hz.
        num_samples: Decoded samples per channel.
        duration_s: The same in seconds.
        start_s: When the first sample is heard, seconds after the first video frame (negative: before it); 0.0 when
            there is no video, or none that can be read.
        header_duration_s: The duration that the header reports; None if it reports none.
        header_duration_mismatch: The reported duration is off by more than 0.1 s and 0.1 %.
        channel_peaks: Largest |x| of each channel, full scale 1.
        channel_rms: Root mean square of each channel.
        mix_peak: Largest |x| of the mono mix.
        mix_rms: Root mean square of the mono mix.
        num_over_full_scale: Samples with |x| > 1, all channels together.
        num_non_finite: NaN and infinite samples, all channels together; they are left out of peaks and RMS.
        phase_cancelled: The channels have sound, their mono mix has none.
        num_lost_packets: Packets that could not be decoded.
        cut_off: The file ended or broke in the middle.
        clock_jump_s: Largest jump of the time stamps that is too far to be a gap, or goes back; 0.0 if there is none.
        gaps: (position, length), both in samples, where the time stamps leave a gap in front of sample `position`.
    """

    num_channels: int
    layout: tuple[str, ...]
    sample_rate: int
    num_samples: int
    duration_s: float
    start_s: float
    header_duration_s: float | None
    header_duration_mismatch: bool
    channel_peaks: tuple[float, ...]
    channel_rms: tuple[float, ...]
    mix_peak: float
    mix_rms: float
    num_over_full_scale: int
    num_non_finite: int
    phase_cancelled: bool
    num_lost_packets: int
    cut_off: bool
    clock_jump_s: float
    gaps: tuple[tuple[int, int], ...]

    @property
    def is_silent(self) -> bool:
        """No sample of the mono mix is louder than one step of 16 bits."""
        return self.mix_peak <= SILENCE_PEAK

    @property
    def first_sample(self) -> int:
        """Position of the first sample on the clock of the video, in samples; negative: before the first frame."""
        return round(self.start_s * self.sample_rate)

    @property
    def end_sample(self) -> int:
        """Position after the last sample on the clock of the video, gaps included."""
        return self.first_sample + self.num_samples + sum(n for _, n in self.gaps)


class LevelMeter:
    """Peaks, sums of squares and counts of a waveform that arrives in blocks.

    Args:
        weights: (C,) weights of the mono mix.
    """

    def __init__(self, weights: np.ndarray) -> None:
        self._weights = weights
        self._peaks = np.zeros(len(weights))
        self._squares = np.zeros(len(weights))
        self._mix_squares = 0.0
        self._num_samples = 0
        self.mix_peak = 0.0
        self.num_over_full_scale = 0
        self.num_non_finite = 0

    def update(self, samples: np.ndarray) -> None:
        """Take the next samples (n, C)."""
        self._num_samples += len(samples)
        finite = np.isfinite(samples)
        if not finite.all():
            self.num_non_finite += int(samples.size - finite.sum())
            samples = np.where(finite, samples, 0)
        if not len(samples):
            return
        self._peaks = np.maximum(self._peaks, np.abs(samples).max(axis=0))
        self._squares += np.einsum("nc,nc->c", samples, samples, dtype=np.float64)
        self.num_over_full_scale += int(np.count_nonzero(np.abs(samples) > 1.0))
        mix = samples @ self._weights
        self.mix_peak = max(self.mix_peak, float(np.abs(mix).max()))
        self._mix_squares += float(np.einsum("n,n->", mix, mix, dtype=np.float64))

    @property
    def channel_peaks(self) -> tuple[float, ...]:
        """Largest |x| of each channel."""
        return tuple(self._peaks.tolist())

    @property
    def channel_rms(self) -> tuple[float, ...]:
        """Root mean square of each channel."""
        return tuple(self._rms().tolist())

    @property
    def mix_rms(self) -> float:
        """Root mean square of the mono mix."""
        return math.sqrt(self._mix_squares / max(1, self._num_samples))

    @property
    def phase_cancelled(self) -> bool:
        """The channels have sound, their mono mix has none."""
        audible = float(np.max(self._weights * self._peaks, initial=0.0)) > SILENCE_PEAK
        return audible and self.mix_rms < _CANCELLED_RATIO * float(np.max(self._weights * self._rms(), initial=0.0))

    def _rms(self) -> np.ndarray:
        rms: np.ndarray = np.sqrt(self._squares / max(1, self._num_samples))
        return rms
