"""Windows of many clips in one call of the network, each clip by Whisper's own rules; a fake network."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from avmeter.features import whisper_batches
from avmeter.features.whisper_batches import Transcript, WhisperBatches

TIME = 100  # token of 0 s; 1 to 99 are words


@dataclass
class FakeTokenizer:
    """Words are their numbers; the language is the prompt."""

    language: str

    @property
    def sot_sequence(self) -> tuple[str]:
        return (self.language,)

    timestamp_begin = TIME

    def decode(self, tokens: list[int]) -> str:
        return " ".join(str(token) for token in tokens if token < TIME)


@dataclass
class FakeNet:
    """Answers the windows of a clip, which is known by its first feature, with the next tokens of its script.

    Attributes:
        scripts: First feature -> tokens of each window.
        languages: First feature -> (language, probability), the likeliest first.
        no_speech: Probability that nobody speaks.
        score: Mean log-probability.
    """

    scripts: dict[int, list[list[int]]]
    languages: dict[int, list[tuple[str, float]]] = field(default_factory=dict)
    is_multilingual: bool = True
    no_speech: float = 0.0
    score: float = -0.1
    batches: list[int] = field(default_factory=list)
    prompts: list[list[str]] = field(default_factory=list)
    num_detected: int = 0

    hf_tokenizer = None

    @property
    def model(self) -> FakeNet:
        return self

    def encode(self, windows: np.ndarray) -> np.ndarray:
        windows = windows if windows.ndim == 3 else windows[None]
        assert windows.shape[1:] == (2, 3000)
        self.batches.append(len(windows))
        return windows

    def detect_language(self, encoded: np.ndarray) -> list[list[tuple[str, float]]]:
        self.num_detected += len(encoded)
        return [[(f"<|{name}|>", p) for name, p in self.languages[int(w[0, 0])]] for w in encoded]

    def generate(self, encoded: np.ndarray, prompts: list[list[str]], **options: Any) -> list[Any]:
        self.prompts.append([prompt[0] for prompt in prompts])
        tokens = [self.scripts[int(w[0, 0])].pop(0) for w in encoded]
        return [SimpleNamespace(sequences_ids=[t], scores=[self.score], no_speech_prob=self.no_speech) for t in tokens]


@pytest.fixture(autouse=True)
def fake_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(
        Tokenizer=lambda tokenizer, multilingual, *, task, language: FakeTokenizer(language),
        get_suppressed_tokens=lambda tokenizer, tokens: (),
    )
    monkeypatch.setattr(whisper_batches, "import_without_telemetry", lambda name: module)


def clip(number: int, seconds: float) -> np.ndarray:
    return np.full((2, round(seconds * 100) + 1), number, np.float32)


def transcribe(net: FakeNet, *clips: np.ndarray, language: str | None = "en") -> list[Transcript]:
    return WhisperBatches(net).transcribe(clips, language, beam_size=1)


def said(transcript: Transcript) -> list[tuple[float, float, str]]:
    return [(round(s["start_s"], 2), round(s["end_s"], 2), s["text"]) for s in transcript.segments]


def test_clips_share_calls_until_each_is_at_its_end() -> None:
    """A clip of 40 s needs a second window, which the other does not wait for."""
    net = FakeNet({1: [[TIME, 5, TIME + 100]], 2: [[TIME, 6, TIME + 1500], [TIME, 7, TIME + 400]]})
    short, long = transcribe(net, clip(1, 3), clip(2, 40))
    assert net.batches == [2, 1]
    assert said(short) == [(0.0, 2.0, "5")]
    assert said(long) == [(0.0, 30.0, "6"), (30.0, 38.0, "7")]


def test_segment_that_was_begun_is_read_again_from_its_start() -> None:
    """Two timestamps that meet end a segment; what follows them belongs to the next window."""
    net = FakeNet({1: [[TIME, 5, TIME + 150, TIME + 150, 6], [TIME, 7, TIME + 100]]})
    (found,) = transcribe(net, clip(1, 6))
    assert said(found) == [(0.0, 3.0, "5"), (3.0, 5.0, "7")]


def test_last_timestamp_alone_ends_the_window() -> None:
    """Nobody speaks after it."""
    net = FakeNet({1: [[TIME, 5, TIME + 50, TIME + 60, 6, TIME + 150]]})
    (found,) = transcribe(net, clip(1, 6))
    assert said(found) == [(0.0, 1.0, "5"), (1.2, 3.0, "6")]


def test_text_without_times_lasts_as_long_as_the_window() -> None:
    """Greedy decoding may leave times out; segments without words are none."""
    (found,) = transcribe(FakeNet({1: [[5, 6]]}), clip(1, 2.5))
    assert said(found) == [(0.0, 2.5, "5 6")]
    (found,) = transcribe(FakeNet({1: [[TIME]]}), clip(1, 2.5))
    assert said(found) == []


@pytest.mark.parametrize(("score", "words"), [(-0.1, 1), (-3.0, 0)])
def test_window_that_the_network_takes_for_silence_is_passed_over(score: float, words: int) -> None:
    """Unless it is sure of what it understood."""
    net = FakeNet({1: [[TIME, 5, TIME + 100]]}, no_speech=0.9, score=score)
    (found,) = transcribe(net, clip(1, 3))
    assert len(found.segments) == words


def test_each_clip_has_its_own_language_found_with_the_encoding_it_is_decoded_from() -> None:
    """One encoder call for both; a hint asks for nothing."""
    scripts = {1: [[TIME, 5, TIME + 100]], 2: [[TIME, 6, TIME + 100]]}
    languages = {1: [("en", 0.9), ("de", 0.05)], 2: [("es", 0.8), ("pt", 0.1)]}
    net = FakeNet(scripts, languages)
    found = transcribe(net, clip(1, 3), clip(2, 3), language=None)
    assert [(c.language, c.language_probability) for c in found] == [("en", 0.9), ("es", 0.8)]
    assert (net.batches, net.prompts) == ([2], [["en", "es"]])
    net = FakeNet({1: [[TIME, 5, TIME + 100]]})
    (hinted,) = transcribe(net, clip(1, 3), language="de")
    assert (hinted.language, hinted.language_probability, net.num_detected) == ("de", 1.0, 0)


def test_languages_that_are_close_are_told_apart_as_published() -> None:
    """On the window with the last frame, whose effect may decide."""
    net = FakeNet({1: [[TIME, 5, TIME + 100]]}, {1: [("en", 0.45), ("cy", 0.40)]})
    transcribe(net, clip(1, 3), language=None)
    assert (net.batches, net.num_detected) == ([1, 1], 2)


def test_model_of_english_alone_is_asked_for_nothing_else() -> None:
    """Whatever language was hinted."""
    net = FakeNet({1: [[TIME, 5, TIME + 100]]}, is_multilingual=False)
    (found,) = transcribe(net, clip(1, 3), language=None)
    assert (found.language, net.num_detected) == ("en", 0)
