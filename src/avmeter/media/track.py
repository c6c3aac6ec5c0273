"""A sound track decoded once: every channel at its own rate in float32, and what is known about it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from avmeter.media.decode import Losses, SoundBlock
from avmeter.media.mixdown import channel_weights, channels_of_count
from avmeter.media.spool import MEBIBYTE, Spool

# Peak of a waveform below which it counts as silent: one step of 16 bits.
SILENCE_PEAK = 2.0**-15
# A mix this far below its own channels has cancelled out (-60 dB: lossy codecs leave a residue).
_CANCELLED_RATIO = 1e-3
# Time stamps may jitter (Matroska: 1 ms); a hole of this length is one.
_GAP_S = 0.04
# Holes beyond this, all together, are broken time stamps: filling them would make hours of silence.
_LONGEST_GAPS_S = 3600.0
_BLOCK_POINTS = 1 << 16


@dataclass(frozen=True, kw_only=True)
class AudioFacts:
    """What decoding a sound track has shown.

    Attributes:
        num_channels: Channels.
        layout: Their names, "" where the file does not say.
        sample_rate: Native rate, Hz.
        num_samples: Decoded points a channel.
        duration_s: The same in seconds.
        start_s: When the first point is heard, seconds after the first video frame (negative: before it); 0.0 when
            there is no picture, or none that can be read.
        header_duration_s: What the file claims; None if it claims nothing.
        header_duration_mismatch: The claim is off by more than 0.1 s and 0.1 %.
        channel_peaks: Largest |x| of each channel, full scale 1.
        channel_rms: Root mean square of each channel.
        mix_peak: Largest |x| of the mono mix.
        mix_rms: Root mean square of the mono mix.
        num_over_full_scale: Points with |x| > 1, all channels together.
        num_non_finite: NaN and infinite points, all channels together; they are left out of peaks and RMS.
        phase_cancelled: The channels have sound, their mono mix has none.
        num_lost_packets: Packets that could not be decoded.
        cut_off: The file ended or broke in the middle.
        gaps: (position in points, missing points) where the time stamps leave a hole.
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
    gaps: tuple[tuple[int, int], ...]

    @property
    def is_silent(self) -> bool:
        """No point of the mono mix is louder than one step of 16 bits."""
        return self.mix_peak <= SILENCE_PEAK


@dataclass(frozen=True, kw_only=True)
class SoundTrack:
    """Points (N, C) at the native rate, and the facts about them."""

    points: Spool
    facts: AudioFacts

    def blocks(self) -> Iterator[np.ndarray]:
        """All points in order, (n, C) float32."""
        return self.points.blocks(_BLOCK_POINTS)


def collect_track(
    blocks: Iterable[SoundBlock],
    losses: Losses,
    *,
    sample_rate: int,
    num_channels: int,
    picture_start_s: float | None = None,
    header_duration_s: float | None = None,
    limit_bytes: int = 64 * MEBIBYTE,
) -> SoundTrack:
    """Gather blocks into a track and take its measures on the way.

    Args:
        blocks: Consecutive blocks.
        losses: What the source of the blocks could not decode.
        sample_rate: Hz, used if there are no blocks.
        num_channels: Used if there are no blocks.
        picture_start_s: Time of the first video frame on the clock of the blocks; None without picture.
        header_duration_s: What the file claims.
        limit_bytes: Above this size the points go to disk.
    """
    gathering: _Gathering | None = None
    for block in blocks:
        if gathering is None:
            gathering = _Gathering(block.channels, block.sample_rate, limit_bytes)
        gathering.add(block)
    if gathering is None:
        gathering = _Gathering(channels_of_count(num_channels), sample_rate, limit_bytes)
    gathering.flush()
    facts = gathering.facts(losses, picture_start_s, header_duration_s)
    return SoundTrack(points=gathering.points, facts=facts)


class _Gathering:
    def __init__(self, channels: tuple[str, ...], sample_rate: int, limit_bytes: int) -> None:
        self.points = Spool((len(channels),), np.float32, limit_bytes=limit_bytes)
        self._channels = channels
        self._rate = sample_rate
        self._weights = channel_weights(channels)
        self._pending: list[np.ndarray] = []
        self._num_pending = 0
        self._num_points = 0
        self._start_s: float | None = None
        self._gaps: list[tuple[int, int]] = []
        self._peaks = np.zeros(len(channels))
        self._squares = np.zeros(len(channels))
        self._mix_peak = 0.0
        self._mix_squares = 0.0
        self._num_over = 0
        self._num_non_finite = 0

    def add(self, block: SoundBlock) -> None:
        if block.time_s is not None:
            self._place(block.time_s)
        self._pending.append(block.points)
        self._num_pending += len(block.points)
        self._num_points += len(block.points)
        if self._num_pending >= _BLOCK_POINTS:
            self.flush()

    def _place(self, time_s: float) -> None:
        num_missing = sum(n for _, n in self._gaps)
        heard_s = (self._num_points + num_missing) / self._rate
        if self._start_s is None:
            self._start_s = time_s - heard_s
        hole_s = time_s - self._start_s - heard_s
        if _GAP_S < hole_s <= _LONGEST_GAPS_S - num_missing / self._rate:
            self._gaps.append((self._num_points, round(hole_s * self._rate)))

    def flush(self) -> None:
        if not self._pending:
            return
        points = np.concatenate(self._pending)
        self._pending, self._num_pending = [], 0
        self.points.append(points)
        finite = np.isfinite(points)
        if not finite.all():
            self._num_non_finite += int(points.size - finite.sum())
            points = np.where(finite, points, 0)
        if not len(points):
            return
        self._peaks = np.maximum(self._peaks, np.abs(points).max(axis=0))
        self._squares += np.einsum("nc,nc->c", points, points, dtype=np.float64)
        self._num_over += int(np.count_nonzero(np.abs(points) > 1.0))
        mix = points @ self._weights
        self._mix_peak = max(self._mix_peak, float(np.abs(mix).max()))
        self._mix_squares += float(np.einsum("n,n->", mix, mix, dtype=np.float64))

    def facts(self, losses: Losses, picture_start_s: float | None, header_duration_s: float | None) -> AudioFacts:
        num_points = len(self.points)
        duration_s = num_points / self._rate
        spanned_s = duration_s + sum(n for _, n in self._gaps) / self._rate
        channel_rms = np.sqrt(self._squares / max(1, num_points))
        mix_rms = math.sqrt(self._mix_squares / max(1, num_points))
        heard = float(np.max(self._weights * self._peaks, initial=0.0)) > SILENCE_PEAK
        loudest = float(np.max(self._weights * channel_rms, initial=0.0))
        start_s = 0.0 if picture_start_s is None or self._start_s is None else self._start_s - picture_start_s
        return AudioFacts(
            num_channels=len(self._channels),
            layout=self._channels if "NONE" not in self._channels else (),
            sample_rate=self._rate,
            num_samples=num_points,
            duration_s=duration_s,
            start_s=start_s,
            header_duration_s=header_duration_s,
            header_duration_mismatch=_differ(header_duration_s, spanned_s),
            channel_peaks=tuple(self._peaks.tolist()),
            channel_rms=tuple(channel_rms.tolist()),
            mix_peak=self._mix_peak,
            mix_rms=mix_rms,
            num_over_full_scale=self._num_over,
            num_non_finite=self._num_non_finite,
            phase_cancelled=heard and mix_rms < _CANCELLED_RATIO * loudest,
            num_lost_packets=losses.num_packets,
            cut_off=losses.cut_off,
            gaps=tuple(self._gaps),
        )


def _differ(claimed_s: float | None, decoded_s: float) -> bool:
    return claimed_s is not None and abs(claimed_s - decoded_s) > max(0.1, 1e-3 * claimed_s)
