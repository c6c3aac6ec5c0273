"""Clips that are all speech."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.features.speaker import ge2e as ge2e_extractor
from avmeter.features.speaker import wavlm as wavlm_extractor
from avmeter.features.speaker import wavlm_ecapa as wavlm_ecapa_extractor
from avmeter.media import AudioSpec

SPEC = AudioSpec(sample_rate=16_000)


@pytest.fixture
def all_is_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published and own detector differ; here neither takes anything away."""
    monkeypatch.setattr(ge2e_extractor, "speech_of_speaker", lambda waveform: waveform)
    for module in (wavlm_extractor, wavlm_ecapa_extractor):
        monkeypatch.setattr(module, "speech_of_clip", lambda media: np.array(media.audio(SPEC)[:]))
