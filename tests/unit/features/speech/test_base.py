"""What every recogniser does the same: pieces with speech are transcribed, and one transcript is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Window
from avmeter.features.speech.base import SpeechRecogniser, whole_segment
from avmeter.runtime import Runtime
from support.extractors import cpu_runtime
from support.recognisers import noise, transcript, whisper


def test_window_without_speech_is_not_transcribed(whisper_folder: Path) -> None:
    """Noise gives an empty transcript, whatever the network would make of it."""
    on = cpu_runtime()
    extractor = whisper(whisper_folder, on)
    on.networks[extractor.network_key()] = SimpleNamespace(is_multilingual=True)  # to ask it would fail
    facts = transcript(extractor, noise(3.0), on).facts
    assert (facts["text"], facts["segments"], facts["language"], facts["speech_s"]) == ("", [], None, 0.0)


class _Repeater(SpeechRecogniser):
    """Says the number of samples of each window, in a language that only later windows have."""

    name = "repeater"
    default_model = "repeater"
    max_piece_s = 1.0

    def entry(self) -> str:
        return "whisper-base"

    def transcribe(self, windows: Sequence[Window], runtime: Runtime) -> list[Mapping[str, Any]]:
        return [
            {
                "segments": [whole_segment(f"{len(w.inputs['waveform'])}", w)],
                "language": "en" if w.start_s else None,
                "language_probability": 0.5 if w.start_s else None,
            }
            for w in windows
        ]


def test_pieces_make_one_transcript_with_times_of_the_clip() -> None:
    """Texts are joined, times count from the clip's start, the language is that of the first piece that has one."""
    facts = transcript(_Repeater(vad=False), noise(2.5), cpu_runtime()).facts
    assert facts["text"] == "16000 16000 8000"
    assert [(s["start_s"], s["end_s"]) for s in facts["segments"]] == [(0.0, 1.0), (1.0, 2.0), (2.0, 2.5)]
    assert (facts["language"], facts["language_probability"]) == ("en", 0.5)
    assert (facts["duration_s"], facts["speech_s"], facts["long_form"]) == (2.5, None, False)


def test_model_of_one_language_says_so_and_refuses_others() -> None:
    """It hears English in every sound: nothing was detected, and what is known to be German is skipped."""
    extractor = _Repeater(vad=False)
    extractor.only_language = "en"
    facts = transcript(extractor, noise(2.5), cpu_runtime()).facts
    assert (facts["language"], facts["language_probability"], facts["assumed_language"]) == (None, None, "en")
    for hint, says in (("en-US", "en"), ("German", None)):
        hinted = _Repeater(vad=False, language=hint)
        hinted.only_language = "en"
        if says:
            assert transcript(hinted, noise(2.5), cpu_runtime()).facts["assumed_language"] is None
            continue
        with pytest.raises(SkipError, match="this one is in `de`") as caught:
            transcript(hinted, noise(2.5), cpu_runtime())
        assert caught.value.code == SkipCode.UNSUPPORTED


def test_long_form_is_longer_than_one_window_of_whisper() -> None:
    """30 s exactly is not."""
    extractor = _Repeater(vad=False)
    lengths = {s: transcript(extractor, noise(s), cpu_runtime()).facts["long_form"] for s in (30.0, 30.1)}
    assert lengths == {30.0: False, 30.1: True}


def test_options_are_named_in_one_form_of_language() -> None:
    """German, de and deu are one option, so that features are shared."""
    options = [dict(_Repeater(language=name).options()) for name in ("German", "de", "deu")]
    assert options == [{"model_name": "repeater", "language": "de", "vad": True}] * 3
