"""An audio track decoded once: every channel at its own rate in float32, and the facts about it.

    time stamps    0.00      0.50                1.25
    blocks         [0..........[24000.....]      [48000......]        position in samples at 48 kHz
    gaps                                   12000                      (position 48000, length 12000)

Samples are stored without the gaps; each block covers the half-open range [start, stop) of samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from avmeter.media.advance import Advance, unwatched
from avmeter.media.audio_decode import AudioBlock
from avmeter.media.measures import AudioFacts, LevelMeter
from avmeter.media.mixdown import channel_weights, channels_of_count
from avmeter.media.packets import Losses
from avmeter.media.spool import MEBIBYTE, Spool

# Time stamps may jitter (Matroska: 1 ms); a gap of this length is one.
_GAP_S = 0.04
# Gaps beyond this, all together, are broken time stamps: filling them would make minutes or hours of silence.
_LONGEST_GAPS_S = 600.0
# Time stamps that overlap by less than this come from rounding and from joined files.
_BACKWARD_S = 1.0
_BLOCK_SAMPLES = 1 << 16


@dataclass(frozen=True, kw_only=True, repr=False)
class AudioTrack:
    """Samples (N, C) float32 at the native rate, and the facts about them."""

    samples: Spool
    facts: AudioFacts

    def __post_init__(self) -> None:
        if self.samples.shape != (self.facts.num_samples, self.facts.num_channels):
            raise ValueError(f"samples {self.samples.shape} do not fit {self.facts}")

    def __repr__(self) -> str:
        facts = self.facts
        return (
            f"AudioTrack({facts.num_samples} samples x {facts.num_channels} channels, {facts.sample_rate} Hz, "
            f"{facts.duration_s:.3f} s)"
        )

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield all samples in order, (n, C) float32."""
        return self.samples.blocks(_BLOCK_SAMPLES)


def collect_audio_track(
    blocks: Iterable[AudioBlock],
    losses: Losses,
    *,
    sample_rate: int,
    num_channels: int,
    video_start_s: float | None = None,
    header_duration_s: float | None = None,
    limit_bytes: int = 64 * MEBIBYTE,
    longest_gaps_s: float = _LONGEST_GAPS_S,
    advance: Advance = unwatched,
) -> AudioTrack:
    """Gather blocks into a track and measure them on the way.

    Args:
        blocks: Consecutive blocks.
        losses: What the source of the blocks could not decode.
        sample_rate: Hz, used if there are no blocks.
        num_channels: Used if there are no blocks.
        video_start_s: Time of the first video frame on the clock of the blocks; None without video.
        header_duration_s: The duration that the header reports.
        limit_bytes: Above this size the samples go to disk.
        longest_gaps_s: Gaps beyond this, all together, are broken time stamps.
        advance: As of `Spool`.
    """
    builder: _TrackBuilder | None = None
    for block in blocks:
        if builder is None:
            samples = Spool((len(block.channels),), np.float32, limit_bytes=limit_bytes, advance=advance)
            builder = _TrackBuilder(samples, block.channels, block.sample_rate, longest_gaps_s)
        builder.add(block)
    if builder is None:
        channels = channels_of_count(num_channels)
        builder = _TrackBuilder(Spool((len(channels),), np.float32), channels, sample_rate, longest_gaps_s)
    return builder.build(losses, video_start_s, header_duration_s)


class _TrackBuilder:
    def __init__(self, samples: Spool, channels: tuple[str, ...], sample_rate: int, longest_gaps_s: float) -> None:
        self._samples = samples
        self._channels = channels
        self._rate = sample_rate
        self._longest_gaps_s = longest_gaps_s
        self._levels = LevelMeter(channel_weights(channels))
        self._pending: list[np.ndarray] = []
        self._num_pending = 0
        self._num_samples = 0
        self._start_s: float | None = None
        self._gaps: list[tuple[int, int]] = []
        self._clock_jump_s = 0.0

    def add(self, block: AudioBlock) -> None:
        if block.time_s is not None:
            self._place(block.time_s)
        self._pending.append(block.samples)
        self._num_pending += len(block.samples)
        self._num_samples += len(block.samples)
        if self._num_pending >= _BLOCK_SAMPLES:
            self._flush()

    def _place(self, time_s: float) -> None:
        """Note a gap where a time stamp is later than the samples so far account for."""
        num_missing = sum(n for _, n in self._gaps)
        elapsed_s = (self._num_samples + num_missing) / self._rate
        if self._start_s is None:
            self._start_s = time_s - elapsed_s
        gap_s = time_s - self._start_s - elapsed_s
        if _GAP_S < gap_s <= self._longest_gaps_s - num_missing / self._rate:
            self._gaps.append((self._num_samples, round(gap_s * self._rate)))
        elif gap_s > _GAP_S or gap_s < -_BACKWARD_S:
            self._clock_jump_s = max(self._clock_jump_s, abs(gap_s))

    def _flush(self) -> None:
        if not self._pending:
            return
        samples = np.concatenate(self._pending)
        self._pending, self._num_pending = [], 0
        self._samples.append(samples)
        self._levels.update(samples)

    def build(self, losses: Losses, video_start_s: float | None, header_duration_s: float | None) -> AudioTrack:
        self._flush()
        levels = self._levels
        num_samples = len(self._samples)
        duration_s = num_samples / self._rate
        spanned_s = duration_s + sum(n for _, n in self._gaps) / self._rate
        start_s = 0.0 if video_start_s is None or self._start_s is None else self._start_s - video_start_s
        facts = AudioFacts(
            num_channels=len(self._channels),
            layout=self._channels if "NONE" not in self._channels else (),
            sample_rate=self._rate,
            num_samples=num_samples,
            duration_s=duration_s,
            start_s=start_s,
            header_duration_s=header_duration_s,
            header_duration_mismatch=_differ(header_duration_s, spanned_s),
            channel_peaks=levels.channel_peaks,
            channel_rms=levels.channel_rms,
            mix_peak=levels.mix_peak,
            mix_rms=levels.mix_rms,
            num_over_full_scale=levels.num_over_full_scale,
            num_non_finite=levels.num_non_finite,
            phase_cancelled=levels.phase_cancelled,
            num_lost_packets=losses.num_packets,
            cut_off=losses.cut_off,
            clock_jump_s=self._clock_jump_s,
            gaps=tuple(self._gaps),
        )
        return AudioTrack(samples=self._samples, facts=facts)


def _differ(reported_s: float | None, decoded_s: float) -> bool:
    return reported_s is not None and abs(reported_s - decoded_s) > max(0.1, 1e-3 * reported_s)
