"""Clips that are all speech."""

from __future__ import annotations

import pytest

from avmeter.features.speaker import ge2e as ge2e_extractor
from avmeter.features.speaker import wavlm as wavlm_extractor


@pytest.fixture
def all_is_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published and own detector differ; here neither takes anything away."""
    for module in (ge2e_extractor, wavlm_extractor):
        monkeypatch.setattr(module, "speech_of_speaker", lambda waveform: waveform)
