"""Speech for tests: what `avmeter.demo.speech` speaks, or a skip with its reason where espeak-ng is absent."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from avmeter.demo import speech
from support import require

_IS_HERE = find_spec("espeakng_loader") is not None
_REASON = "espeakng-loader is not installed: pip install 'avmeter[demo]'"
needs_speech = require.needs("packages", _IS_HERE, _REASON)


def speak(
    text: str, voice: str = "en", sample_rate: int = 16_000, rate: int = 150, margin_s: float = 0.5
) -> tuple[NDArray[np.float32], int]:
    """A text, spoken at `rate` words per minute, with silence before and behind, as recognisers want it."""
    if not _IS_HERE:
        require.absent("packages", _REASON)
    samples, sample_rate = speech.speak(text, voice, sample_rate=sample_rate, words_per_minute=rate)
    margin = np.zeros(round(margin_s * sample_rate), dtype=np.float32)
    return np.concatenate([margin, samples, margin]), sample_rate
