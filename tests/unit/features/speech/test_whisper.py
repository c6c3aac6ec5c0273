"""Whisper through faster-whisper: a fake of it, as far as it is used, and names of models."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.features.base import Window, get_extractor
from avmeter.features.speech.whisper import size_of
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from support.extractors import noise

RATE = 16_000


class FakeModel:
    """Says two segments of any sound: of the first second, and of the third."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def transcribe(self, waveform: np.ndarray, **options: Any) -> tuple[Any, Any]:
        self.asked.append(options)
        evidence = {"no_speech_prob": 0.1, "avg_logprob": -0.2, "compression_ratio": 1.5}
        segments = [
            SimpleNamespace(start=start, end=start + 1.0, text=f" {text} ", **evidence)
            for start, text in ((0.0, "one"), (2.0, "two"))
        ]
        return iter(segments), SimpleNamespace(language="en", language_probability=0.9)


def transcribed(spoken: list[tuple[float, float]], **options: Any) -> tuple[dict[str, Any], FakeModel]:
    """Outputs for 3 s of sound with speech in these ranges, seconds."""
    weights: Any = None
    on = Runtime(device=torch.device("cpu"), precision="float32", weights=weights)
    extractor: Any = get_extractor("whisper", **options)
    model = on.networks[extractor.network_key()] = FakeModel()
    extractor.load(on)
    ranges = np.array([(round(a * RATE), round(b * RATE)) for a, b in spoken], np.int64).reshape(-1, 2)
    window = Window(inputs={"waveform": noise(3 * RATE), "spoken": ranges}, duration_s=3.0)
    (output,) = extractor.run([window], on)
    return output, model


def test_segments_carry_their_evidence() -> None:
    """Times, text without its margins, and what Whisper reports of each."""
    output, _ = transcribed([(0.0, 3.0)])
    assert [s["text"] for s in output["segments"]] == ["one", "two"]
    assert output["segments"][1] == {
        "start_s": 2.0, "end_s": 3.0, "text": "two", "no_speech_prob": 0.1, "avg_logprob": -0.2,
        "compression_ratio": 1.5,
    }  # fmt: skip
    assert (output["language"], output["language_probability"], output["speech_s"]) == ("en", 0.9, 3.0)


def test_segment_without_speech_is_dropped() -> None:
    """Whisper invents sentences in pauses; the detector has the last word."""
    output, _ = transcribed([(2.2, 2.8)])
    assert [s["text"] for s in output["segments"]] == ["two"]
    assert output["speech_s"] == pytest.approx(0.6)


def test_language_of_nothing_is_unknown() -> None:
    """Where every segment is dropped, what was detected was the language of noise."""
    output, _ = transcribed([(1.2, 1.8)])
    assert (output["segments"], output["language"], output["language_probability"]) == ([], None, None)


def test_clip_without_speech_is_not_passed_to_the_network() -> None:
    """An empty transcript."""
    output, model = transcribed([])
    assert (output["segments"], output["speech_s"], model.asked) == ([], 0.0, [])


def test_decoding_is_deterministic_with_the_options_that_were_asked_for() -> None:
    """No temperature, no memory of earlier text; language and beams as the options say."""
    _, model = transcribed([(0, 3)], language="German", beam_size=3)
    assert model.asked == [
        {"language": "de", "beam_size": 3, "temperature": 0.0, "condition_on_previous_text": False}
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["base", "openai/whisper-base", "Systran/faster-whisper-base", "faster-whisper-base"])
def test_one_model_has_one_entry_whatever_it_is_called(name: str) -> None:
    """Hub names of both projects, and the size alone."""
    assert size_of(name) == "base"
    assert get_extractor("whisper", model_name=name).weights() == ("faster-whisper-base",)


def test_long_clip_is_one_window() -> None:
    """Whisper's own sliding window goes over it."""
    extractor: Any = get_extractor("whisper", vad=False)
    (window,) = extractor.windows(MediaItem.from_audio(noise(70 * RATE), RATE))
    assert window.duration_s == 70.0
