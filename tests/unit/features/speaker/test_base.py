"""What speaker encoders get of a clip."""

from __future__ import annotations

import numpy as np

from avmeter.features.speaker.base import speech_of_speaker
from avmeter.features.vad import extract_speech
from support import require
from support.speech import needs_speech, speak

require.package("faster_whisper")

RATE = 16_000


def test_silence_is_nobody() -> None:
    """Nothing is left of a clip without speech."""
    assert len(speech_of_speaker(np.zeros(2 * RATE, np.float32))) == 0


@needs_speech
def test_a_long_pause_is_cut_and_a_short_one_stays() -> None:
    """Two seconds between sentences go, 100 ms within one do not."""
    speech, _ = speak("The quick brown fox jumps over the lazy dog.", margin_s=0.0)
    apart = np.concatenate([speech, np.zeros(2 * RATE, np.float32), speech])
    found = speech_of_speaker(apart)
    assert len(found) < len(apart) - 1.5 * RATE
    assert len(found) >= len(extract_speech(apart, pause_ms=10, pad_ms=90))
