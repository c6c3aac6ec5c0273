"""What a clip holds of what a quality network can judge: the network itself answers to anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from avmeter.errors import SkipCode, SkipError
from avmeter.media import AudioSpec, MediaItem

# Below this share of its energy left in the network's band, what the network judges is not the clip.
_HIGH_BAND_ONLY = 0.01
_BLOCK_LENGTH = 1 << 20
#: Where a network takes clips of any length: below this nobody could judge speech, and an opinion would mean nothing.
LEAST_S = 0.1


def require_length(waveform: Any, sample_rate: int, network: str, *, least: int | None = None) -> None:
    """Skip clips that are too short for an opinion.

    Args:
        waveform: Samples (N,) of the clip.
        sample_rate: Their rate, Hz.
        network: What asks, for the reason.
        least: Samples that it needs; None is `LEAST_S`.

    Raises:
        SkipError: `too_short`.
    """
    if least is None:
        least = round(LEAST_S * sample_rate)
    if len(waveform) < least:
        raise SkipError(
            SkipCode.TOO_SHORT,
            f"{len(waveform) / sample_rate:.4f} s of sound; {network} needs {least / sample_rate:g} s",
            hint="give longer clips",
        )


def band_facts(media: MediaItem, waveform: Any) -> Mapping[str, bool]:
    """Return the facts `silent` and `high_band_only` of a clip: reasons to doubt its score.

    Args:
        media: The clip.
        waveform: Its samples (N,) at the network's rate.
    """
    silent = media.audio_facts.is_silent
    native = media.audio(AudioSpec(sample_rate=None))
    return {
        "silent": silent,
        "high_band_only": not silent and _mean_square(waveform) < _HIGH_BAND_ONLY * _mean_square(native),
    }


def _mean_square(waveform: Any) -> float:
    total = sum(
        float(np.sum(np.square(waveform[i : i + _BLOCK_LENGTH], dtype=np.float64)))
        for i in range(0, len(waveform), _BLOCK_LENGTH)
    )
    return total / max(len(waveform), 1)
