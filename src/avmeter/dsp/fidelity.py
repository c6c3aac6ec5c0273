"""How far sound is from sound that it should equal, sample by sample: errors of waveforms and of spectra.

    waveforms   relative L2 |x - y| / |y|;   SNR -20 log10 of it;   cosine x.y / (|x| |y|);
                SI-SDR: SNR after the scale of y that fits x best (Le Roux et al. 2019, means are not removed)
    spectra     log-spectral distance: root mean square over frequencies of differences in decibels, mean over frames;
                multi-resolution STFT (Yamamoto et al. 2020): spectral convergence | |X| - |Y| | / | |Y| | plus the mean
                absolute difference of natural logarithms of magnitudes, mean over three resolutions

x is what is measured, y its reference. Energies are of all channels together, spectra of each channel, then their mean.
Sound is read in blocks: of any length it takes the memory of a few seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST_DB = 120.0
"""Ratios in decibels end here: equal sound has no error, and float32 none that is smaller."""

_BLOCK = 1 << 19  # samples
_LEAST_POWER = 1e-8  # of a bin, as published
_LEAST_LSD_POWER = 1e-10


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """An STFT: frames around every `hop_length`-th sample, mirrored at the ends, under a Hann window.

    Attributes:
        n_fft: Samples of a frame.
        hop_length: Samples from frame to frame.
        win_length: Samples of the window, in the middle of the frame.
    """

    n_fft: int
    hop_length: int
    win_length: int


RESOLUTIONS = (
    Resolution(n_fft=1024, hop_length=120, win_length=600),
    Resolution(n_fft=2048, hop_length=240, win_length=1200),
    Resolution(n_fft=512, hop_length=50, win_length=240),
)
"""Of the multi-resolution STFT, as published."""

LSD_RESOLUTION = Resolution(n_fft=2048, hop_length=512, win_length=2048)

FEWEST_SAMPLES = max(resolution.n_fft for resolution in (*RESOLUTIONS, LSD_RESOLUTION)) // 2 + 1
"""Shorter sound cannot be mirrored at its ends."""


def compare_waveforms(generated: Any, reference: Any) -> dict[str, float | None]:
    """Return the errors of a waveform.

    Args:
        generated: (C, N) float32, read by slices; N >= `FEWEST_SAMPLES`.
        reference: The same shape, not all 0.

    Returns:
        `snr_db`, `si_sdr_db` (both within 120), `relative_l2`, `cosine`, `max_abs_error`, `log_spectral_distance_db`,
        `multi_resolution_stft` and its parts `spectral_convergence` and `log_magnitude_error`. `si_sdr_db` and `cosine`
        are None of a silent clip: it has no direction.
    """
    spectra = [_of_channel(generated, reference, channel) for channel in range(generated.shape[0])]
    means = {name: sum(found[name] for found in spectra) / len(spectra) for name in spectra[0]}
    return {
        **_of_energies(generated, reference),
        **means,
        "multi_resolution_stft": means["spectral_convergence"] + means["log_magnitude_error"],
    }


def _of_energies(generated: Any, reference: Any) -> dict[str, float | None]:
    error = energy = energy_r = product = largest = 0.0
    for start in range(0, generated.shape[1], _BLOCK):
        block = np.s_[:, start : start + _BLOCK]
        x, y = (np.asarray(side[block], np.float64) for side in (generated, reference))
        error += float(np.square(x - y).sum())
        energy += float(np.square(x).sum())
        energy_r += float(np.square(y).sum())
        product += float((x * y).sum())
        largest = max(largest, float(np.abs(x - y).max()))
    scaled = product**2 / energy_r  # energy of x along y
    return {
        "snr_db": _decibels(energy_r, error),
        "si_sdr_db": _decibels(scaled, energy - scaled) if energy else None,
        "relative_l2": math.sqrt(error / energy_r),
        "cosine": min(max(product / math.sqrt(energy * energy_r), -1.0), 1.0) if energy else None,
        "max_abs_error": largest,
    }


def _decibels(signal: float, error: float) -> float:
    least = 10 ** (-MOST_DB / 10)
    ratio = max(signal, least * max(error, 0.0)) / max(error, least * signal, 1e-300)
    return min(max(10 * math.log10(ratio), -MOST_DB), MOST_DB)


def _of_channel(generated: Any, reference: Any, channel: int) -> dict[str, float]:
    convergence, logarithms = [], []
    for resolution in RESOLUTIONS:
        error = energy = difference = count = 0.0
        for x, y in _powers(generated, reference, channel, resolution):
            x, y = (power.clamp(min=_LEAST_POWER).sqrt() for power in (x, y))
            error += float((x - y).square().sum(dtype=torch.float64))
            energy += float(y.square().sum(dtype=torch.float64))
            difference += float((x.log() - y.log()).abs().sum(dtype=torch.float64))
            count += x.numel()
        convergence.append(math.sqrt(error / energy))
        logarithms.append(difference / count)
    distance = num_frames = 0.0
    for x, y in _powers(generated, reference, channel, LSD_RESOLUTION):
        decibels = 10 * ((x + _LEAST_LSD_POWER).log10() - (y + _LEAST_LSD_POWER).log10())
        distance += float(decibels.square().mean(dim=1).sqrt().sum(dtype=torch.float64))
        num_frames += len(x)
    return {
        "log_spectral_distance_db": distance / num_frames,
        "spectral_convergence": sum(convergence) / len(convergence),
        "log_magnitude_error": sum(logarithms) / len(logarithms),
    }


def _powers(generated: Any, reference: Any, channel: int, resolution: Resolution) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield powers (frames, bins) of both sides, block by block."""
    window = torch.hann_window(resolution.win_length)
    num_samples = generated.shape[1]
    num_frames = num_samples // resolution.hop_length + 1
    at_once = max(_BLOCK // resolution.hop_length // 8, 1)
    for start in range(0, num_frames, at_once):
        block = range(start, min(start + at_once, num_frames))
        sides = (_frames(side, channel, resolution, block) for side in (generated, reference))
        x, y = (torch.fft.rfft(frames * window, resolution.n_fft).abs().square() for frames in sides)
        yield x, y


def _frames(samples: Any, channel: int, resolution: Resolution, frames: range) -> Tensor:
    """Return the middle parts (frames, win_length) of frames, those that the window does not blank.

    Where a part lies within its frame turns phases, and no power.
    """
    num_samples = samples.shape[1]
    before = resolution.n_fft // 2 - (resolution.n_fft - resolution.win_length) // 2
    start = frames[0] * resolution.hop_length - before
    stop = frames[-1] * resolution.hop_length - before + resolution.win_length
    # Mirroring reads beyond a part that hardly reaches over an end.
    low = max(min(start, num_samples - resolution.n_fft), 0)
    high = min(max(stop, resolution.n_fft), num_samples)
    part = np.asarray(samples[channel, low:high], np.float32)
    part = np.pad(part, (max(-start, 0), max(stop - num_samples, 0)), mode="reflect")[max(start - low, 0) :]
    return torch.from_numpy(part[: stop - start]).unfold(0, resolution.win_length, resolution.hop_length)
