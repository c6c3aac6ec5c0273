"""Whisper through faster-whisper: a fake of it, as far as it is used, and names of models."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from avmeter.engine.decode.messages import Recipe
from avmeter.errors import UnknownNameError
from avmeter.features import cublas
from avmeter.features.base import Window, get_extractor
from avmeter.features.speech import whisper
from avmeter.features.speech.whisper import size_of
from avmeter.features.whisper_batches import Transcript
from avmeter.media import MediaItem
from avmeter.runtime import CoreShare, Runtime
from support import require
from support.extractors import noise

RATE = 16_000


class FakeModel:
    """Says two segments of any sound: of the first second, and of the third."""

    front_end: ClassVar[dict[str, int]] = {}
    is_multilingual = True

    def __init__(self) -> None:
        self.asked: list[tuple[int, str | None, int]] = []

    def transcribe(self, log_mels: list[np.ndarray], language: str | None, *, beam_size: int) -> list[Transcript]:
        self.asked.append((len(log_mels), language, beam_size))
        evidence = {"no_speech_prob": 0.1, "avg_logprob": -0.2, "compression_ratio": 1.5}
        said = [{"start_s": s, "end_s": s + 1.0, "text": text, **evidence} for s, text in ((0.0, "one"), (2.0, "two"))]
        return [
            Transcript(features=np.zeros((80, 301)), language="en", language_probability=0.9, segments=list(said))
            for _ in log_mels
        ]


def transcribed(spoken: list[tuple[float, float]], **options: Any) -> tuple[dict[str, Any], FakeModel]:
    """Outputs for 3 s of sound with speech in these ranges, seconds."""
    weights: Any = None
    on = Runtime(device=torch.device("cpu"), precision="float32", weights=weights)
    extractor: Any = get_extractor("whisper", **options)
    model = on.networks[extractor.network_key()] = FakeModel()
    extractor.load(on)
    ranges = np.array([(round(a * RATE), round(b * RATE)) for a, b in spoken], np.int64).reshape(-1, 2)
    window = Window(inputs={"log_mel": np.zeros((80, 301), np.float32), "spoken": ranges}, duration_s=3.0)
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


@pytest.mark.parametrize(("is_multilingual", "only"), [(True, None), (False, "en")])
def test_models_for_english_are_known_as_such(
    is_multilingual: bool, only: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where clips are decoded, too."""
    monkeypatch.setattr(FakeModel, "is_multilingual", is_multilingual)
    extractor: Any = get_extractor("whisper", model_name="tiny.en")
    on = Runtime(device=torch.device("cpu"), precision="float32", weights=None)  # type: ignore[arg-type]
    on.networks[extractor.network_key()] = FakeModel()
    extractor.load(on)
    assert Recipe.of(extractor).build().only_language == only  # type: ignore[union-attr]


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


def test_clips_become_log_mels_of_the_models_front_end_where_they_are_decoded() -> None:
    """In a process that has no network, by the settings that loading it has shown."""
    faster_whisper = require.package("faster_whisper.feature_extractor")
    on: Any = Runtime(device=torch.device("cpu"), precision="float32", weights=None)  # type: ignore[arg-type]
    extractor: Any = get_extractor("whisper", vad=False)
    model = on.networks[extractor.network_key()] = FakeModel()
    model.front_end = {"feature_size": 128}  # type: ignore[misc]
    extractor.load(on)
    waveform = noise(2 * RATE)
    (window,) = Recipe.of(extractor).build().windows(MediaItem.from_audio(waveform, RATE))  # type: ignore[union-attr]
    assert window.inputs["log_mel"].shape == (128, 201)
    assert np.array_equal(window.inputs["log_mel"], faster_whisper.FeatureExtractor(feature_size=128)(waveform))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """Arguments of every Whisper that is opened, out of a folder that holds none."""
    calls: list[dict[str, Any]] = []
    package = SimpleNamespace(WhisperModel=lambda folder, **kwargs: calls.append(kwargs))
    monkeypatch.setattr(whisper, "import_without_telemetry", lambda name: package)
    monkeypatch.setattr(whisper, "require_files", lambda *args: None)
    monkeypatch.setattr(whisper, "WhisperBatches", lambda net: net)
    return calls


def build(tmp_path: Path, *, lanes: int) -> None:
    on: Any = Runtime(device=torch.device("cuda:1"), precision="fp16", weights=None)  # type: ignore[arg-type]
    on.cores = CoreShare(num_lanes=lanes)
    extractor: Any = get_extractor("whisper", model_name=str(tmp_path))
    extractor.build_network(on)


@pytest.mark.parametrize(("lanes", "streams"), [(1, 1), (3, 3), (16, 4)])
def test_batches_share_a_gpu_by_streams_of_their_own(
    lanes: int, streams: int, opened: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As many as there are threads to feed them, up to four: each needs memory of its own."""
    monkeypatch.setattr(cublas, "is_available", lambda: True)
    build(tmp_path, lanes=lanes)
    (call,) = opened
    assert (call["device"], call["device_index"], call["compute_type"]) == ("cuda", 1, "float16")
    assert call["num_workers"] == streams


def test_without_its_cublas_whisper_runs_on_the_cpu_and_the_log_says_what_helps(
    opened: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As beside a torch for CUDA 13: CTranslate2 opens such a model and fails at the first clip, and at every other."""
    monkeypatch.setattr(cublas, "is_available", lambda: False)
    build(tmp_path, lanes=16)
    (call,) = opened
    assert (call["device"], call["device_index"], call["compute_type"]) == ("cpu", 0, "float32")
    assert call["num_workers"] == 16
    assert "pip install nvidia-cublas-cu12" in caplog.text


def test_unknown_size_is_answered_with_sizes() -> None:
    """Under the names that the option has on the metric's page, not those of the catalog."""
    with pytest.raises(UnknownNameError) as error:
        get_extractor("whisper", model_name="xyz")
    assert error.value.hint == "known: base, large-v3, large-v3-turbo, medium, small, tiny, tiny.en"
