"""What every recogniser does the same: pieces with speech are transcribed, and one transcript is made of them."""

from __future__ import annotations

from pathlib import Path

from support.recognisers import noise, runtime, transcript, whisper


def test_window_without_speech_is_not_transcribed(whisper_folder: Path) -> None:
    """Noise gives an empty transcript, whatever the network would make of it."""
    on = runtime()
    extractor = whisper(whisper_folder, on)
    extractor._net = None
    facts = transcript(extractor, noise(3.0), on).facts
    assert (facts["text"], facts["segments"], facts["language"], facts["speech_s"]) == ("", [], None, 0.0)
