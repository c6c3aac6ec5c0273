"""The GE2E encoder: the published numbers, and what depends on the voice only."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError
from avmeter.evaluator import Evaluator
from avmeter.features.base import get_extractor
from avmeter.nets import ge2e
from avmeter.weights import WeightsSource
from support import require
from support.extractors import noise
from support.speech import needs_speech, speak
from support.voices import RATE, embed, needs_weights


def librosa_mel(waveform: np.ndarray) -> np.ndarray:
    """What librosa 0.10 makes of `melspectrogram(y, sr=16000, n_fft=400, hop_length=160, n_mels=40)`, from its docs."""
    padded = np.pad(waveform.astype(np.float64), 200)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160]
    power = np.abs(np.fft.rfft(frames * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)), axis=1)) ** 2

    def hertz(mel: np.ndarray) -> np.ndarray:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    edges = hertz(np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), 42))
    bins = np.arange(201) * 40.0
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    bank = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return (power @ bank.T).astype(np.float32)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`resemblyzer.VoiceEncoder`; its audio module needs packages that are not here, and is stood in for."""
    audio = ModuleType("resemblyzer.audio")
    audio.wav_to_mel_spectrogram = librosa_mel  # type: ignore[attr-defined]
    for name in ("preprocess_wav", "trim_long_silences", "normalize_volume"):
        setattr(audio, name, None)
    if importlib.util.find_spec("resemblyzer") is None:  # type: ignore[attr-defined]
        require.absent("packages", "resemblyzer is not installed: pip install --no-deps resemblyzer==0.1.4")
    for name in [n for n in sys.modules if n.startswith("resemblyzer")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "resemblyzer.audio", audio)
    voice_encoder = importlib.import_module("resemblyzer.voice_encoder")
    yield voice_encoder.VoiceEncoder("cpu", verbose=False)
    for name in [n for n in sys.modules if n.startswith("resemblyzer")]:
        del sys.modules[name]


@needs_weights
def test_network_gives_the_published_numbers(published: Any) -> None:
    """Same mels, same embeddings, with the published weights."""
    net = ge2e.build()
    ge2e.KEY_MAP.load(net, WeightsSource().state_dict("resemblyzer"), source="resemblyzer")
    mels = torch.rand((5, 160, 40), generator=torch.Generator().manual_seed(0)) * 0.05
    with torch.no_grad():
        torch.testing.assert_close(net(mels), published(mels), rtol=0, atol=1e-6)


@needs_weights
@pytest.mark.usefixtures("all_is_speech")
@pytest.mark.parametrize("num_samples", [3000, 16_000, 25_600, 25_601, 34_000, 41_000, 80_123])
def test_utterance_is_embedded_as_published(published: Any, num_samples: int) -> None:
    """Cut, padded and averaged alike, for clips below and above one partial utterance."""
    waveform = noise(num_samples)
    found = embed(get_extractor("speaker_ge2e"), waveform)
    np.testing.assert_allclose(found["embedding"], published.embed_utterance(waveform), atol=2e-6)


@needs_weights
@pytest.mark.usefixtures("all_is_speech")
def test_loudness_below_the_target_does_not_change_a_voice() -> None:
    """Quiet clips are raised to -30 dBFS, as published; loud ones are left as they are."""
    waveform = noise(40_000) * 0.1
    first, second = (embed(get_extractor("speaker_ge2e"), waveform * g)["embedding"] for g in (1, 0.01))
    np.testing.assert_allclose(first, second, atol=1e-4)


@needs_weights
def test_clip_without_speech_is_skipped() -> None:
    with pytest.raises(SkipError) as caught:
        embed(get_extractor("speaker_ge2e"), noise(3 * RATE))
    assert caught.value.code == SkipCode.NO_SPEECH


@needs_weights
@needs_speech
def test_one_voice_is_nearer_to_itself_than_to_another() -> None:
    """Another sentence of the same voice scores higher than the same sentence of another voice."""
    texts = ("The small boat left the harbour early in the morning.", "Nobody knew where the old road would lead them.")
    own, same, other = speak(texts[0], "en-us"), speak(texts[1], "en-us"), speak(texts[0], "en-us+f3")
    evaluator = Evaluator("audio.speaker_similarity", "cpu")
    clips = {"self": own, "same": same, "other": other}
    results = evaluator.evaluate(samples=[{"audio": a, "reference_audio": own, "id": n} for n, a in clips.items()])
    evaluator.shutdown()
    scores = {n: row["audio.speaker_similarity"] for n, row in zip(clips, results, strict=True)}
    assert scores["self"].score == pytest.approx(1.0)
    assert "one file" in scores["self"].details["question"]
    assert scores["same"].score > scores["other"].score + 0.1
    assert scores["same"].details["speech_s"] > 1
