"""What speaker encoders do before their networks: leave only speech, as the published detector does."""

from __future__ import annotations

import numpy as np

from avmeter.features.vad import extract_speech

# The published detector does not cut pauses of up to 180 ms.
_PAUSE_MS, _PAD_MS = 180, 90


def speech_of_speaker(waveform: np.ndarray) -> np.ndarray:
    """Join the speech of a waveform (N,) at 16 kHz, short pauses included; empty where nobody speaks."""
    return extract_speech(waveform, pause_ms=_PAUSE_MS, pad_ms=_PAD_MS)
