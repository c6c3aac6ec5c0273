"""Pairs of waveforms (C, N), (generated, reference), that are the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from golden import synth

RATE = 24_000
Pair = tuple[np.ndarray, np.ndarray]


def _noisy() -> Pair:
    reference = synth.chirp_noise(RATE, 2, seed=1)[None]
    return (0.8 * reference + 0.02 * synth.chirp_noise(RATE, 2, seed=5)[None]).astype(np.float32), reference


def _stereo() -> Pair:
    reference = np.stack([synth.chirp_noise(RATE, 1.3, seed=s) for s in (2, 3)])
    generated = np.round(reference * 200).astype(np.float32) / 200
    return generated, reference


def _short() -> Pair:
    generated, reference = _noisy()
    return generated[:, 5000:6100], reference[:, 5000:6100]


PAIRS: Mapping[str, Callable[[], Pair]] = {"noisy": _noisy, "stereo": _stereo, "short": _short}
