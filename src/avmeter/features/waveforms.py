"""How the published harnesses read a waveform before a network sees it, and other steps that extractors share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Window
from avmeter.media import AudioSpec, MediaItem
from avmeter.protocols import read_length_s

PEAK_DBFS = -1.0
_PIECE_S, _SHORTEST_REST_S = 30.0, 0.5
_BLOCK_SAMPLES = 2**20  # silence is looked for in blocks: a waveform may be a file on disk


def protocol_waveform(media: MediaItem, *, protocol: str, sample_rate: int, duration_s: float | None = None) -> Any:
    """Read a clip's mono waveform (N,) float32 as a protocol prepares it.

    "fastvideo": channel mean, soxr HQ, peak to -1 dBFS. "av-benchmark": channel mean less its own mean, torchaudio's
    sinc resampler, the first 8 s, or as many as it names.

    Args:
        media: The clip.
        protocol: Its name.
        sample_rate: Hz, of the result.
        duration_s: Crop of "av-benchmark", in place of its own length.

    Raises:
        SkipError: "fastvideo" on silence, which its peak normalisation turns into NaN: the clip has no score there.
    """
    length_s = read_length_s(protocol)
    if length_s is not None:
        spec = AudioSpec(sample_rate=sample_rate, remove_mean=True, resampler="sinc")
        num_samples = int(sample_rate * (length_s if duration_s is None else duration_s))
        return media.audio(spec)[:num_samples]
    waveform = media.audio(AudioSpec(sample_rate=sample_rate, peak_dbfs=PEAK_DBFS))
    starts = range(0, len(waveform), _BLOCK_SAMPLES)
    if not any(np.any(waveform[start : start + _BLOCK_SAMPLES]) for start in starts):
        raise silent(media, len(waveform))
    return waveform


def silent(media: MediaItem, num_samples: int) -> SkipError:
    """Return the skip of a clip of zeros, which protocol "fastvideo" cannot read."""
    return SkipError(
        SkipCode.SILENT,
        f"{media.name}: every one of its {num_samples} samples is zero, so its peak cannot be normalised",
        hint="`protocol='av-benchmark'` scores silence",
    )


def pieces_of(waveform: Any, sample_rate: int) -> Iterator[Window]:
    """Cut a waveform (N,) for a network that reads clips whole, where one is too long to be held at once.

    Up to 30 s are one window `waveform`; beyond, windows follow each other every 30 s, and a rest of less than half a
    second is left out.
    """
    length, shortest = round(_PIECE_S * sample_rate), round(_SHORTEST_REST_S * sample_rate)
    for start in range(0, len(waveform), length):
        piece = waveform[start : start + length]
        if start and len(piece) < shortest:
            return
        yield Window(
            inputs={"waveform": np.ascontiguousarray(piece, np.float32)},
            start_s=start / sample_rate,
            duration_s=len(piece) / sample_rate,
        )


def zero_padded(waveform: npt.NDArray[Any], num_samples: int) -> npt.NDArray[np.float32]:
    """Return a waveform (N,) with zeros behind it up to `num_samples`."""
    window = np.zeros(num_samples, np.float32)
    window[: len(waveform)] = waveform
    return window


def mean_over_windows(outputs: Sequence[Mapping[str, Any]], name: str) -> npt.NDArray[np.float32]:
    """Average one output over windows, in float32 as published."""
    mean: npt.NDArray[np.float32] = np.stack([o[name] for o in outputs]).mean(axis=0, dtype=np.float32)
    return mean
