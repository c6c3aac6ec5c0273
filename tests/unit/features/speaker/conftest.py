"""Clips that are all speech."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.speaker import base
from avmeter.features.speaker import ge2e as ge2e_extractor
from avmeter.media import AudioSpec

SPEC = AudioSpec(sample_rate=16_000)


@pytest.fixture
def all_is_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published and own detector differ; here neither takes anything away."""
    monkeypatch.setattr(ge2e_extractor, "speech_of_speaker", lambda waveform: waveform)
    monkeypatch.setattr(base, "find_speech", lambda media, **_: np.array([[0, len(media.audio(SPEC))]]))
