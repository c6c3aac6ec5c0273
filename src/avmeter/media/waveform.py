"""Render a decoded audio track as the waveform that a network or a measurement reads.

    samples (N, C) -> clock -> mean removal -> mix, resample (either order) -> cut -> peak normalisation -> waveform

All steps run block by block, so an hour of audio needs no more memory than a minute.

The clocks, with a track that starts 2 samples after the first frame and has a gap of 1:

    track       |a b c d e f|
    video   |0 0 a b c 0 d e f|        0: silence; sample k of the waveform covers [k, k + 1) / sample_rate
            ^ first frame at 0 s
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from avmeter.media.advance import Advance, unwatched
from avmeter.media.audio_spec import AudioSpec, Clock, Mixdown
from avmeter.media.audio_track import AudioTrack
from avmeter.media.resampling import resample_blocks
from avmeter.media.spool import MEBIBYTE, ChannelView, Spool

# What is below float32's normal numbers has no peak to be raised: the factor would overflow.
_LEAST_PEAK = float(np.finfo(np.float32).tiny)
_BLOCK_SAMPLES = 1 << 16


def render(
    track: AudioTrack,
    spec: AudioSpec,
    weights: np.ndarray,
    *,
    limit_bytes: int = 64 * MEBIBYTE,
    advance: Advance = unwatched,
) -> np.ndarray | Spool | ChannelView:
    """Return the waveform: (N,) float32, or (C, N) with mixdown "none".

    Args:
        track: Finite samples.
        spec: The form.
        weights: (C,) weights of the mono mix.
        limit_bytes: A larger waveform is kept on disk and read by slices.
        advance: Called for every block.
    """
    if spec.mixdown == "none" and _is_native(track, spec):
        return ChannelView(track.samples) if track.samples.on_disk else np.ascontiguousarray(track.samples[:].T)
    native, rate = track.facts.sample_rate, spec.sample_rate or track.facts.sample_rate
    matrix = _mix_matrix(spec.mixdown, weights)
    blocks = _without_mean(track, spec.clock) if spec.remove_mean else _on_clock(track, spec.clock)
    if spec.order == "mix_first":
        blocks = resample_blocks((b @ matrix for b in blocks), native, rate, matrix.shape[1], spec.resampler)
    else:
        blocks = (b @ matrix for b in resample_blocks(blocks, native, rate, len(weights), spec.resampler))
    if spec.max_duration_s is not None:
        blocks = _first_samples(blocks, int(spec.max_duration_s * rate))
    result = Spool((matrix.shape[1],) if spec.mixdown == "none" else (), limit_bytes=limit_bytes, advance=advance)
    peak = 0.0
    for block in blocks:
        advance(0.0)
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        result.append(block if spec.mixdown == "none" else block[:, 0])
    if spec.peak_dbfs is not None and peak > _LEAST_PEAK:
        result.scale(10 ** (spec.peak_dbfs / 20) / peak)
    if spec.mixdown != "none":
        return result.compact()
    if result.on_disk:
        return ChannelView(result)
    return np.ascontiguousarray(result[:].T)


def _is_native(track: AudioTrack, spec: AudioSpec) -> bool:
    """True if the waveform is the track as it is, which then need not be copied."""
    changes = (spec.remove_mean, spec.peak_dbfs is not None, spec.max_duration_s is not None, spec.clock != "track")
    return spec.sample_rate in (None, track.facts.sample_rate) and not any(changes)


def _mix_matrix(mixdown: Mixdown, weights: np.ndarray) -> np.ndarray:
    """Return (C, channels out) float32."""
    if mixdown == "none":
        return np.eye(len(weights), dtype=np.float32)
    if mixdown == "first":
        return np.eye(len(weights), 1, dtype=np.float32)
    return weights[:, None].astype(np.float32)


def _without_mean(track: AudioTrack, clock: Clock) -> Iterator[np.ndarray]:
    total, num_samples = np.zeros(track.facts.num_channels), 0
    for block in _on_clock(track, clock):
        total += block.sum(axis=0, dtype=np.float64)
        num_samples += len(block)
    mean = (total / max(1, num_samples)).astype(np.float32)
    return (block - mean for block in _on_clock(track, clock))


def _on_clock(track: AudioTrack, clock: Clock) -> Iterator[np.ndarray]:
    return _first_frame_at_zero(track) if clock == "video" else track.blocks()


def _first_frame_at_zero(track: AudioTrack) -> Iterator[np.ndarray]:
    to_skip = max(0, -track.facts.first_sample)
    for block in _with_silence(track):
        skipped = min(to_skip, len(block))
        to_skip -= skipped
        if skipped < len(block):
            yield block[skipped:]


def _with_silence(track: AudioTrack) -> Iterator[np.ndarray]:
    yield from _silence(max(0, track.facts.first_sample), track.facts.num_channels)
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


def _silence(num_samples: int, num_channels: int) -> Iterator[np.ndarray]:
    for start in range(0, num_samples, _BLOCK_SAMPLES):
        yield np.zeros((min(_BLOCK_SAMPLES, num_samples - start), num_channels), np.float32)


def _first_samples(blocks: Iterable[np.ndarray], num_samples: int) -> Iterator[np.ndarray]:
    for block in blocks:
        yield block[:num_samples]
        num_samples -= len(block)
        if num_samples <= 0:
            return
