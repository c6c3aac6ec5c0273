"""SenseVoice: a fake of sherpa-onnx, as far as it is used."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, WeightsError
from avmeter.features.base import get_extractor
from support.extractors import cpu_runtime
from support.recognisers import noise, window


@pytest.fixture
def sherpa(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """sherpa-onnx as far as it is used: says how long the sound was."""
    calls: list[Any] = []

    class Stream:
        def accept_waveform(self, sample_rate: int, waveform: np.ndarray) -> None:
            self.result = SimpleNamespace(text=f" {len(waveform) / sample_rate:.0f} seconds ", lang="<|en|>")

    class OfflineRecognizer:
        @classmethod
        def from_sense_voice(cls, **options: Any) -> OfflineRecognizer:
            calls.append(options)
            return cls()

        def create_stream(self) -> Stream:
            return Stream()

        def decode_streams(self, streams: list[Stream]) -> None:
            calls.append(len(streams))

    module = ModuleType("sherpa_onnx")
    module.OfflineRecognizer = OfflineRecognizer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sherpa_onnx", module)
    return calls


def test_sensevoice_gives_every_window_one_stream(sherpa: list[Any], tmp_path: Path) -> None:
    (tmp_path / "model.int8.onnx").touch()
    (tmp_path / "tokens.txt").touch()
    extractor: Any = get_extractor("sensevoice", model_name=str(tmp_path), language="English", vad=False)
    extractor.load(cpu_runtime())
    outputs = extractor.run([window(noise(1.0)), window(noise(3.0))], cpu_runtime())
    assert [o["segments"][0]["text"] for o in outputs] == ["1 seconds", "3 seconds"]
    assert [o["language"] for o in outputs] == ["en", "en"]
    assert sherpa[0]["language"] == "en"
    assert sherpa[0]["model"].endswith("model.int8.onnx")
    assert sherpa[1:] == [2]


def test_sensevoice_skips_a_language_that_it_does_not_know() -> None:
    extractor: Any = get_extractor("sensevoice", language="German")
    with pytest.raises(SkipError, match="`de`") as caught:
        next(extractor.windows(None))
    assert caught.value.code == SkipCode.UNSUPPORTED


def test_sensevoice_without_a_model_file_is_refused(sherpa: list[Any], tmp_path: Path) -> None:
    extractor = get_extractor("sensevoice", model_name=str(tmp_path))
    with pytest.raises(WeightsError, match=r"tokens\.txt"):
        extractor.load(cpu_runtime())
