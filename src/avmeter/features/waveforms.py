"""How the published harnesses read a waveform before an AudioSet network sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError
from avmeter.media import AudioSpec, MediaItem
from avmeter.protocols import AV_BENCHMARK, AV_BENCHMARK_DURATION_S

PEAK_DBFS = -1.0


def waveform_of(media: MediaItem, *, protocol: str, sample_rate: int, duration_s: float | None = None) -> Any:
    """Mono waveform as a protocol prepares it.

    "fastvideo": channel mean, soxr HQ, peak to -1 dBFS. "av-benchmark": channel mean less its own mean, torchaudio's
    sinc resampler, the first 8 s.

    Args:
        media: The clip.
        protocol: Its name.
        sample_rate: Hz, of the result.
        duration_s: Crop of "av-benchmark"; default 8 s.

    Raises:
        SkipError: "fastvideo" on silence, which its peak normalisation turns into NaN: the clip has no score there.
    """
    if protocol == AV_BENCHMARK:
        spec = AudioSpec(sample_rate=sample_rate, remove_mean=True, resampler="sinc")
        keep = int(sample_rate * (AV_BENCHMARK_DURATION_S if duration_s is None else duration_s))
        return media.audio(spec)[:keep]
    waveform = media.audio(AudioSpec(sample_rate=sample_rate, peak_dbfs=PEAK_DBFS))
    if not any(np.any(waveform[i : i + 2**20]) for i in range(0, len(waveform), 2**20)):
        raise SkipError(
            SkipCode.SILENT,
            f"{media.name}: every one of its {len(waveform)} samples is zero, so its peak cannot be normalised",
            hint="`protocol='av-benchmark'` scores silence",
        )
    return waveform


def padded(samples: npt.NDArray[Any], length: int) -> npt.NDArray[np.float32]:
    """Samples (N,) with zeros behind them up to `length`."""
    window = np.zeros(length, np.float32)
    window[: len(samples)] = samples
    return window


def mean_arrays(outputs: Any, name: str) -> npt.NDArray[np.float32]:
    """Mean of one output over windows, in float32 as published."""
    mean: npt.NDArray[np.float32] = np.stack([o[name] for o in outputs]).mean(axis=0, dtype=np.float32)
    return mean
