"""A waveform and what became of it, float64, the same on every machine."""

from __future__ import annotations

import numpy as np

from golden import synth

RATES = {"audio": 48_000, "speech": 16_000}


def synthetic(rate: int) -> np.ndarray:
    """Return three seconds of bursts (N,), with pauses."""
    wave = synth.chirp_noise(rate, 3, seed=11).astype(np.float64)
    beat = np.arange(len(wave)) // (rate // 5) % 4
    return wave * np.array([1.0, 0.6, 0.05, 0.9])[beat]


def degraded(reference: np.ndarray, rate: int) -> dict[str, np.ndarray]:
    """Return name -> waveform: of any level, length and beginning."""
    noise = synth.chirp_noise(rate, len(reference) / rate, seed=12)[: len(reference)].astype(np.float64)
    gaps = np.arange(len(reference)) // (rate // 2) % 4 == 3
    return {
        "same": reference,
        "noisy": reference + 0.1 * noise[: len(reference)],
        "late": np.concatenate([np.zeros(1234), reference])[: len(reference)] * 0.5 + 0.01 * noise,
        "early": reference[2345:],
        "dull": np.convolve(reference, np.ones(9) / 9, "same"),
        "gaps": np.where(gaps, 0.0, reference),
        "half": reference[: len(reference) // 2],
    }
