"""Whisper through faster-whisper: a fake of it, as far as it is used, and names of models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from avmeter.features.base import Window, get_extractor
from avmeter.features.speech.whisper import size_of
from avmeter.features.whisper_batches import Transcript
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from support.extractors import noise

RATE = 16_000


class FakeModel:
    """Says two segments of any sound: of the first second, and of the third."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str | None, int]] = []

    def transcribe(self, waveforms: list[np.ndarray], language: str | None, *, beam_size: int) -> list[Transcript]:
        self.asked.append((len(waveforms), language, beam_size))
        evidence = {"no_speech_prob": 0.1, "avg_logprob": -0.2, "compression_ratio": 1.5}
        said = [{"start_s": s, "end_s": s + 1.0, "text": text, **evidence} for s, text in ((0.0, "one"), (2.0, "two"))]
        return [
            Transcript(features=np.zeros((80, 301)), language="en", language_probability=0.9, segments=list(said))
            for _ in waveforms
        ]


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


def test_language_and_beams_are_those_of_the_options() -> None:
    """In Whisper's own code for the language."""
    _, model = transcribed([(0, 3)], language="German", beam_size=3)
    assert model.asked == [(1, "de", 3)]


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
