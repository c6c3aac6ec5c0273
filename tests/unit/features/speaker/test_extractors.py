"""Voice embeddings: the published encoder's numbers, and what depends on the voice only."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError, WeightsError
from avmeter.evaluator import Evaluator
from avmeter.features.base import Features, get_extractor
from avmeter.features.speaker import ge2e as ge2e_extractor
from avmeter.features.speaker import wavlm as wavlm_extractor
from avmeter.media import MediaItem
from avmeter.metrics.audio.speaker_similarity import SpeakerSimilarity
from avmeter.metrics.base import FeatureSet
from avmeter.nets import ge2e
from avmeter.runtime import Runtime
from avmeter.sample import Sample
from avmeter.weights import WeightsSource
from support import require
from support.speech import needs_speech, speak

RATE = 16_000
needs_weights = require.needs(
    "weights", WeightsSource().available("resemblyzer"), "resemblyzer's weights are not on this machine"
)


def runtime() -> Runtime:
    return Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource())


def embed(extractor: Any, waveform: np.ndarray, rate: int = RATE) -> Features:
    extractor.load(runtime())
    with MediaItem.from_audio(waveform, rate) as item:
        windows = list(extractor.windows(item))
    with torch.inference_mode():
        outputs = [o for w in windows for o in extractor.run([w], runtime())]
    return extractor.pool(outputs, [w.without_inputs() for w in windows], {})  # type: ignore[no-any-return]


def noise(num_points: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(num_points)).astype(np.float32)


@pytest.fixture
def all_is_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published and own detector differ; here neither takes anything away."""
    for module in (ge2e_extractor, wavlm_extractor):
        monkeypatch.setattr(module, "speech_of_speaker", lambda waveform: waveform)


# -- GE2E against the published package ----------------------------------------------------------------------


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
@pytest.mark.parametrize("num_points", [3000, 16_000, 25_600, 25_601, 34_000, 41_000, 80_123])
def test_utterance_is_embedded_as_published(published: Any, num_points: int) -> None:
    """Cut, padded and averaged alike, for clips below and above one partial utterance."""
    waveform = noise(num_points)
    found = embed(get_extractor("speaker_ge2e"), waveform)
    np.testing.assert_allclose(found["embedding"], published.embed_utterance(waveform), atol=2e-6)


@needs_weights
@pytest.mark.usefixtures("all_is_speech")
def test_loudness_below_the_target_does_not_change_a_voice() -> None:
    """Quiet clips are raised to -30 dBFS, as published; loud ones are left as they are."""
    waveform = noise(40_000) * 0.1
    first, second = (embed(get_extractor("speaker_ge2e"), waveform * g)["embedding"] for g in (1, 0.01))
    np.testing.assert_allclose(first, second, atol=1e-4)


def test_network_of_any_size_is_batch_independent() -> None:
    """Each row alone gives its row of the batch, of unit length and without negative numbers."""
    torch.manual_seed(0)
    net = ge2e.build(ge2e.Ge2eConfig(num_mels=8, hidden=12, num_layers=2, embedding_dim=6)).eval()
    mels = torch.rand(4, 20, 8)
    with torch.no_grad():
        together = net(mels)
        torch.testing.assert_close(torch.cat([net(m[None]) for m in mels]), together)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(4))
    assert (together >= 0).all()


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


# -- WavLM ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "normalised"])
def wavlm_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMForXVector

    folder = tmp_path_factory.mktemp("wavlm")
    torch.manual_seed(0)
    config = WavLMConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, num_buckets=16,
        conv_dim=(8,) * 7, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, xvector_output_dim=12,
        tdnn_dim=(12, 12, 12, 12, 24), use_weighted_layer_sum=True,
    )  # fmt: skip
    WavLMForXVector(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=request.param).save_pretrained(folder)
    return folder


@pytest.mark.usefixtures("all_is_speech")
def test_wavlm_embeds_as_transformers_does(wavlm_folder: Path) -> None:
    """The folder's own front end and network, at unit length."""
    from transformers import Wav2Vec2FeatureExtractor, WavLMForXVector

    waveform = noise(2 * RATE)
    found = embed(get_extractor("speaker_wavlm", model_name=str(wavlm_folder)), waveform)["embedding"]
    front, net = (c.from_pretrained(wavlm_folder) for c in (Wav2Vec2FeatureExtractor, WavLMForXVector))
    with torch.no_grad():
        wanted = net.eval()(**front(waveform, sampling_rate=RATE, return_tensors="pt")).embeddings[0]
    np.testing.assert_allclose(found, wanted / wanted.norm(), atol=1e-5)


@pytest.mark.usefixtures("all_is_speech")
def test_wavlm_averages_the_pieces_of_a_long_clip(wavlm_folder: Path) -> None:
    """70 s are heard to their end; a rest of a few points is not a piece of its own."""
    extractor = get_extractor("speaker_wavlm", model_name=str(wavlm_folder))
    facts = embed(extractor, noise(70 * RATE)).facts
    assert (facts["num_windows"], facts["speech_s"]) == (3, 70.0)
    assert embed(extractor, noise(30 * RATE + 5)).facts["num_windows"] == 1


@pytest.mark.usefixtures("all_is_speech")
def test_wavlm_skips_what_is_too_short(wavlm_folder: Path) -> None:
    with pytest.raises(SkipError) as caught:
        embed(get_extractor("speaker_wavlm", model_name=str(wavlm_folder)), noise(1000))
    assert caught.value.code == SkipCode.NO_SPEECH


def test_folder_that_is_no_wavlm_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="not a WavLM"):
        get_extractor("speaker_wavlm", model_name=str(tmp_path)).load(runtime())


# -- the metric ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("generated", "reference", "score"), [([1, 0], [1, 0], 1.0), ([1, 0], [0, 1], 0.0), ([1, 0], [-2, 0], -1.0)]
)
def test_similarity_is_the_cosine(generated: list[float], reference: list[float], score: float) -> None:
    features = FeatureSet(
        {
            name: Features(arrays={"embedding": np.array(value, np.float32)}, facts={"speech_s": 2.0})
            for name, value in (("generated", generated), ("reference", reference))
        }
    )
    result = SpeakerSimilarity().score(Sample.of({"audio": "a.wav"}), features)
    assert result.score == pytest.approx(score)
    assert ("question" in result.details) is (score == 1.0)


def test_encoder_chooses_the_extractor() -> None:
    assert {n.extractor for n in SpeakerSimilarity().needs} == {"speaker_ge2e"}
    assert {n.extractor for n in SpeakerSimilarity(encoder="wavlm").needs} == {"speaker_wavlm"}
    with pytest.raises(UnknownNameError):
        SpeakerSimilarity(encoder="wavelm")
    with pytest.raises(UsageError):
        SpeakerSimilarity(model_name="folder")
