"""From a decoded sound track to the waveform that a network or a measurement wants.

    points (N, C) -> clock -> mean removal -> mix, resample (either order) -> cut -> peak normalisation -> waveform

All steps run block by block, so an hour of sound needs no more memory than a minute.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from avmeter.errors import UsageError
from avmeter.media.spool import MEBIBYTE, ChannelView, Spool
from avmeter.media.track import AudioFacts, SoundTrack

Mixdown = Literal["mean", "first", "none"]
Order = Literal["mix_first", "resample_first"]
Resampler = Literal["soxr_hq", "sinc"]
Clock = Literal["track", "picture"]

# Half-width of torchaudio's default kernel in periods of the lower rate: 6 zero crossings at a roll-off of 0.99.
_SINC_REACH = 6 / 0.99
_SINC_POINTS = 1 << 17
# What is below float32's normal numbers has no peak to be raised: the factor would overflow.
_LEAST_PEAK = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, kw_only=True)
class AudioSpec:
    """What a waveform should be like.

    Attributes:
        sample_rate: Hz; None keeps the native rate.
        mixdown: "mean": one channel, the mean of stereo, ITU-R BS.775 weights beyond (see `mixdown`); "first": the
            first channel; "none": all channels, (C, N).
        order: Whether channels are mixed before or after resampling. Equal up to rounding.
        resampler: "soxr_hq" (libsoxr HQ, as librosa) or "sinc" (windowed sinc, as torchaudio's defaults).
        peak_dbfs: Scale so that the largest |x| is this many dB from full scale; silence stays silence. None: as is.
        remove_mean: Subtract the mean of each channel over the whole track, before anything else.
        clock: "track": the points of the track, the first one at 0. "picture": 0 is the first video frame; silence in
            front of a track that starts late and in its holes, what comes before the first frame is cut off.
        max_duration_s: Keep the first int(max_duration_s * sample_rate) points, after resampling. None: all.
    """

    sample_rate: int | None = None
    mixdown: Mixdown = "mean"
    order: Order = "mix_first"
    resampler: Resampler = "soxr_hq"
    peak_dbfs: float | None = None
    remove_mean: bool = False
    clock: Clock = "track"
    max_duration_s: float | None = None

    def __post_init__(self) -> None:
        choices = {"mixdown": Mixdown, "order": Order, "resampler": Resampler, "clock": Clock}
        for name, choice in choices.items():
            if getattr(self, name) not in get_args(choice):
                raise UsageError(f"AudioSpec: {name} is {getattr(self, name)!r}", hint=f"one of {get_args(choice)}")
        if self.sample_rate is not None and self.sample_rate <= 0:
            raise UsageError(f"AudioSpec: sample_rate is {self.sample_rate}")
        if self.max_duration_s is not None and not self.max_duration_s > 0:
            raise UsageError(f"AudioSpec: max_duration_s is {self.max_duration_s}")


def render(
    track: SoundTrack, spec: AudioSpec, weights: np.ndarray, *, limit_bytes: int = 64 * MEBIBYTE
) -> np.ndarray | Spool | ChannelView:
    """The waveform: (N,) float32, or (C, N) with mixdown "none".

    Args:
        track: Finite points.
        spec: What is wanted.
        weights: (C,) weights of the mono mix.
        limit_bytes: A larger waveform is kept on disk and read by slices.
    """
    native, rate = track.facts.sample_rate, spec.sample_rate or track.facts.sample_rate
    matrix = _mix_matrix(spec.mixdown, weights)
    blocks = _without_mean(track, spec) if spec.remove_mean else _on_clock(track, spec.clock)
    if spec.order == "mix_first":
        blocks = _resampled((b @ matrix for b in blocks), native, rate, matrix.shape[1], spec.resampler)
    else:
        blocks = (b @ matrix for b in _resampled(blocks, native, rate, len(weights), spec.resampler))
    if spec.max_duration_s is not None:
        blocks = _first_points(blocks, int(spec.max_duration_s * rate))
    result = Spool((matrix.shape[1],) if spec.mixdown == "none" else (), limit_bytes=limit_bytes)
    peak = 0.0
    for block in blocks:
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        result.append(block if spec.mixdown == "none" else block[:, 0])
    if spec.peak_dbfs is not None and peak > _LEAST_PEAK:
        result.scale(10 ** (spec.peak_dbfs / 20) / peak)
    if spec.mixdown != "none":
        return result.compact()
    if result.on_disk:
        return ChannelView(result)
    return np.ascontiguousarray(result[:].T)


def _mix_matrix(mixdown: Mixdown, weights: np.ndarray) -> np.ndarray:
    """(C, channels out) float32."""
    if mixdown == "none":
        return np.eye(len(weights), dtype=np.float32)
    if mixdown == "first":
        return np.eye(len(weights), 1, dtype=np.float32)
    return weights[:, None].astype(np.float32)


def _without_mean(track: SoundTrack, spec: AudioSpec) -> Iterator[np.ndarray]:
    total, num_points = np.zeros(track.facts.num_channels), 0
    for block in _on_clock(track, spec.clock):
        total += block.sum(axis=0, dtype=np.float64)
        num_points += len(block)
    mean = (total / max(1, num_points)).astype(np.float32)
    return (block - mean for block in _on_clock(track, spec.clock))


def _on_clock(track: SoundTrack, clock: Clock) -> Iterator[np.ndarray]:
    return _first_frame_at_zero(track) if clock == "picture" else track.blocks()


def _first_frame_at_zero(track: SoundTrack) -> Iterator[np.ndarray]:
    to_skip = max(0, -first_point(track.facts))
    for block in _with_silence(track):
        skipped = min(to_skip, len(block))
        to_skip -= skipped
        if skipped < len(block):
            yield block[skipped:]


def first_point(facts: AudioFacts) -> int:
    """Position of the first point on the picture clock, in points; negative if it is heard before the first frame."""
    return round(facts.start_s * facts.sample_rate)


def _with_silence(track: SoundTrack) -> Iterator[np.ndarray]:
    yield from _silence(max(0, first_point(track.facts)), track.facts.num_channels)
    gaps = list(track.facts.gaps)
    position = 0
    for block in track.blocks():
        while gaps and gaps[0][0] < position + len(block):
            at, missing = gaps.pop(0)
            yield block[: at - position]
            yield from _silence(missing, track.facts.num_channels)
            block, position = block[at - position :], at
        yield block
        position += len(block)


def _silence(num_points: int, num_channels: int) -> Iterator[np.ndarray]:
    step = 1 << 16
    for start in range(0, num_points, step):
        yield np.zeros((min(step, num_points - start), num_channels), np.float32)


def _first_points(blocks: Iterable[np.ndarray], num_points: int) -> Iterator[np.ndarray]:
    for block in blocks:
        yield block[:num_points]
        num_points -= len(block)
        if num_points <= 0:
            return


def _resampled(
    blocks: Iterable[np.ndarray], native: int, rate: int, num_channels: int, resampler: Resampler
) -> Iterator[np.ndarray]:
    if native == rate:
        return iter(blocks)
    stream = _soxr_stream if resampler == "soxr_hq" else _sinc_stream
    return stream(blocks, native, rate, num_channels)


def _soxr_stream(blocks: Iterable[np.ndarray], native: int, rate: int, num_channels: int) -> Iterator[np.ndarray]:
    """Blocks through libsoxr; ceil(N * rate / native) points in all, as librosa gives (soxr alone rounds)."""
    import soxr

    stream = soxr.ResampleStream(native, rate, num_channels, dtype="float32", quality="HQ")
    num_in = num_out = 0
    for block in blocks:
        num_in += len(block)
        out = stream.resample_chunk(np.ascontiguousarray(block)).reshape(-1, num_channels)
        num_out += len(out)
        yield out
    rest = stream.resample_chunk(np.empty((0, num_channels), np.float32), last=True).reshape(-1, num_channels)
    yield rest
    missing = -(-num_in * rate // native) - num_out - len(rest)
    yield np.zeros((max(0, missing), num_channels), np.float32)


def _sinc_stream(blocks: Iterable[np.ndarray], native: int, rate: int, num_channels: int) -> Iterator[np.ndarray]:
    """Blocks through `dsp.resample`, cut at whole periods and with enough of their neighbours that no cut shows.

    |<-- margin -->|<-- step: kept -->|<-- margin -->|
    """
    import torch

    from avmeter.dsp.resample import resample

    divisor = math.gcd(native, rate)
    period, phases = native // divisor, rate // divisor
    reach = math.ceil(_SINC_REACH * period / min(period, phases)) + 2
    margin = -(-reach // period) * period
    step = -(-_SINC_POINTS // period) * period

    def convert(points: np.ndarray) -> np.ndarray:
        waves = torch.from_numpy(np.ascontiguousarray(points.T))
        return resample(waves, sample_rate=native, to_rate=rate).numpy().T

    parts: list[np.ndarray] = []
    left = size = 0  # points of margin in front, points at hand
    for block in blocks:
        parts.append(block)
        size += len(block)
        if size < left + step + margin:
            continue
        held = np.concatenate(parts)
        while len(held) >= left + step + margin:
            first = left // period * phases
            yield convert(held[: left + step + margin])[first : first + step // period * phases]
            held = held[left + step - margin :]
            left = margin
        parts, size = [held], len(held)
    if size:
        yield convert(np.concatenate(parts))[left // period * phases :]
