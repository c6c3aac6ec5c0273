"""Resample audio block by block, with the values that one call over the whole waveform gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from avmeter.media.audio_spec import Resampler

_SINC_BLOCK_SAMPLES = 1 << 17


def resample_blocks(
    blocks: Iterable[np.ndarray], native: int, rate: int, num_channels: int, resampler: Resampler
) -> Iterator[np.ndarray]:
    """Yield blocks (n, C) float32 at `rate` Hz from blocks at `native` Hz; ceil(N * rate / native) samples in all."""
    if native == rate:
        return iter(blocks)
    stream = _soxr_stream if resampler == "soxr_hq" else _sinc_stream
    return stream(blocks, native, rate, num_channels)


def _soxr_stream(blocks: Iterable[np.ndarray], native: int, rate: int, num_channels: int) -> Iterator[np.ndarray]:
    """Resample with libsoxr; ceil(N * rate / native) samples in all, as librosa gives (soxr alone rounds)."""
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
    """Resample with `avmeter.dsp.resample`."""
    from avmeter.dsp.resample import resample_stream

    return resample_stream(blocks, sample_rate=native, to_rate=rate, block_samples=_SINC_BLOCK_SAMPLES)
