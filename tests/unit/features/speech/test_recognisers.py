"""The plumbing of speech recognisers: tiny random models of the real classes, and fakes of other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models

from avmeter.errors import SkipCode, SkipError, WeightsError
from avmeter.features.base import Features, Window, get_extractor
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource

RATE = 16_000
WORDS = [f"▁w{i}" for i in range(40)]


def runtime(precision: str = "float32") -> Runtime:
    return Runtime(device=torch.device("cpu"), precision=precision, weights=WeightsSource())


def noise(duration_s: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(duration_s * RATE))).astype(np.float32)


def window(waveform: np.ndarray) -> Window:
    spoken = np.array([[0, len(waveform)]])
    return Window(inputs={"waveform": waveform, "spoken": spoken}, duration_s=len(waveform) / RATE)


def transcript(extractor: Any, waveform: np.ndarray, on: Runtime) -> Features:
    """What the engine would make of one clip."""
    with MediaItem.from_audio(waveform, RATE) as item:
        windows = list(extractor.windows(item))
    with torch.inference_mode():
        outputs = [o for w in windows for o in extractor.run([w], on)]
    return extractor.pool(outputs, [w.without_inputs() for w in windows], {})  # type: ignore[no-any-return]


def write_tokenizer(file: Path, special: list[str]) -> dict[str, int]:
    """Forty words, then special tokens."""
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token=WORDS[0]))
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in special])
    tokenizer.save(str(file))
    return tokenizer.get_vocab()


# -- Whisper through transformers ----------------------------------------------------------------------------

SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|zh|>", "<|translate|>", "<|transcribe|>",
           "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]  # fmt: skip


@pytest.fixture(scope="module")
def whisper_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper of two layers with random weights, loud enough that its text depends on the sound."""
    from transformers import GenerationConfig, WhisperConfig, WhisperForConditionalGeneration

    folder = tmp_path_factory.mktemp("whisper")
    stamps = [f"<|{i * 0.02:.2f}|>" for i in range(1501)]
    tokens = write_tokenizer(folder / "tokenizer.json", [*SPECIAL, *stamps])
    end, start = tokens["<|endoftext|>"], tokens["<|startoftranscript|>"]
    torch.manual_seed(1)
    config = WhisperConfig(
        vocab_size=len(tokens), d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64, num_mel_bins=80, max_target_positions=24,
        pad_token_id=end, bos_token_id=end, eos_token_id=end, decoder_start_token_id=start, init_std=0.3,
        use_cache=True,
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        is_multilingual=True, eos_token_id=end, pad_token_id=end, begin_suppress_tokens=[end], suppress_tokens=[3],
        decoder_start_token_id=start, no_timestamps_token_id=tokens["<|notimestamps|>"], max_length=24,
        lang_to_id={t: tokens[t] for t in ("<|en|>", "<|de|>", "<|zh|>")},
        task_to_id={"transcribe": tokens["<|transcribe|>"], "translate": tokens["<|translate|>"]},
    )  # fmt: skip
    model.save_pretrained(folder)
    return folder


def whisper(folder: Path, on: Runtime, **options: Any) -> Any:
    extractor: Any = get_extractor("whisper_transformers", model_name=str(folder), **options)
    extractor.load(on)
    return extractor


@pytest.mark.parametrize(("timestamps", "num_clips"), [(True, 32), (False, 12)])
def test_whisper_in_a_batch_says_what_it_says_alone(whisper_folder: Path, timestamps: bool, num_clips: int) -> None:
    """Text, language and evidence of many clips do not depend on who shares their batch."""
    on = runtime()
    extractor = whisper(whisper_folder, on, vad=False, timestamps=timestamps)
    clips = [window(noise(0.5 + 0.7 * i, seed=i) * 3 ** (i % 5)) for i in range(num_clips)]
    with torch.inference_mode():
        batch = extractor.run(clips, on)
        alone = [extractor.run([clip], on)[0] for clip in clips]
    texts = [o["segments"][0]["text"] for o in batch]
    assert texts == [o["segments"][0]["text"] for o in alone]
    assert len(set(texts)) > 4
    assert [o["language"] for o in batch] == [o["language"] for o in alone]
    for key in ("no_speech_prob", "avg_logprob"):
        found = [[o["segments"][0][key] for o in outputs] for outputs in (batch, alone)]
        np.testing.assert_allclose(*found, rtol=2e-4, atol=1e-6)
    assert all(o["segments"][0]["avg_logprob"] <= 0 for o in batch)


@pytest.mark.filterwarnings("ignore")
def test_whisper_decodes_as_transformers_does(whisper_folder: Path) -> None:
    """With the language given, the tokens are those of transformers' own `generate`."""
    from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration

    clips = [noise(2.0, seed=i) * 3**i for i in range(4)]
    on = runtime()
    extractor = whisper(whisper_folder, on, vad=False, language="German", timestamps=False)
    # Timestamps that a trained model would not write without being asked make transformers listen once more.
    tokenizer = Tokenizer.from_file(str(whisper_folder / "tokenizer.json"))
    stamps = list(range(len(WORDS) + len(SPECIAL), tokenizer.get_vocab_size()))
    extractor._net._model.generation_config.suppress_tokens = stamps
    with torch.inference_mode():
        found = [o["segments"][0]["text"] for o in extractor.run([window(c) for c in clips], on)]
    model = WhisperForConditionalGeneration.from_pretrained(whisper_folder).eval()
    model.generation_config.suppress_tokens = stamps
    mels = WhisperFeatureExtractor()(clips, sampling_rate=RATE, return_tensors="pt").input_features
    ids = model.generate(mels, language="de", task="transcribe", max_new_tokens=20)
    wanted = [tokenizer.decode([i for i in row if i < len(WORDS)]).strip() for row in ids.tolist()]
    assert found == wanted
    assert len(set(found)) > 1


def test_whisper_hears_the_whole_of_a_long_clip(whisper_folder: Path) -> None:
    """70 s are three windows; their texts and places make one transcript."""
    on = runtime()
    extractor = whisper(whisper_folder, on, vad=False)
    facts = transcript(extractor, noise(70.0), on).facts
    assert [(s["start_s"], s["end_s"]) for s in facts["segments"]] == [(0.0, 30.0), (30.0, 60.0), (60.0, 70.0)]
    assert facts["text"] == " ".join(s["text"] for s in facts["segments"] if s["text"])
    assert (facts["long_form"], facts["duration_s"], facts["speech_s"]) == (True, 70.0, None)


def test_whisper_takes_the_hint_and_detects_without_one(whisper_folder: Path) -> None:
    on = runtime()
    assert (
        transcript(whisper(whisper_folder, on, vad=False, language="Chinese"), noise(1), on).facts["language"] == "zh"
    )
    detected = transcript(whisper(whisper_folder, on, vad=False), noise(1), on).facts
    assert detected["language"] in ("en", "de", "zh")
    assert 1 / 3 <= detected["language_probability"] <= 1
    # This model has no Welsh: a hint that it does not know is no hint.
    assert transcript(whisper(whisper_folder, on, vad=False, language="cy"), noise(1), on).facts["language"] in (
        "en",
        "de",
        "zh",
    )


def test_whisper_runs_in_half_precision(whisper_folder: Path) -> None:
    """The network itself is converted, and its text is still text."""
    on = runtime("bf16")
    extractor = whisper(whisper_folder, on, vad=False)
    assert extractor._net._model.dtype == torch.bfloat16
    assert isinstance(transcript(extractor, noise(1.0), on).facts["text"], str)


def test_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no tokenizer\.json"):
        whisper(tmp_path, runtime())


# -- GLM-ASR -------------------------------------------------------------------------------------------------

TEMPLATE = (
    "{% for m in messages %}<|user|>{% for c in m.content %}"
    "{% if c.type == 'audio' %}<|begin_of_audio|><|pad|><|end_of_audio|>{% else %}{{ c.text }}{% endif %}"
    "{% endfor %}{% endfor %}<|assistant|>"
)


def write_glm(folder: Path, template: str | None) -> Path:
    from transformers import GlmAsrConfig, GlmAsrForConditionalGeneration, GlmAsrProcessor, PreTrainedTokenizerFast
    from transformers import WhisperFeatureExtractor  # isort: skip

    special = ["<|pad|>", "<|user|>", "<|assistant|>", "<|begin_of_audio|>", "<|end_of_audio|>", "<|endoftext|>"]
    tokens = write_tokenizer(folder / "raw.json", special)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "raw.json"), pad_token="<|endoftext|>", eos_token="<|endoftext|>"
    )
    GlmAsrProcessor(WhisperFeatureExtractor(feature_size=16), tokenizer, chat_template=template).save_pretrained(folder)
    torch.manual_seed(3)
    end = tokens["<|endoftext|>"]
    config = GlmAsrConfig(
        audio_config={"model_type": "glmasr_encoder", "hidden_size": 16, "intermediate_size": 64,
                      "num_hidden_layers": 1, "num_attention_heads": 2, "num_mel_bins": 16},
        text_config={"model_type": "llama", "vocab_size": len(tokens), "hidden_size": 32, "intermediate_size": 64,
                     "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
                     "eos_token_id": end, "pad_token_id": end, "bos_token_id": end},
        audio_token_id=tokens["<|pad|>"],
    )  # fmt: skip
    model = GlmAsrForConditionalGeneration(config)
    for parameter in model.parameters():
        parameter.data.mul_(8)
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = end
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def glm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_glm(tmp_path_factory.mktemp("glm"), TEMPLATE)


def glm(folder: Path, on: Runtime, **options: Any) -> Any:
    extractor: Any = get_extractor("glm_asr", model_name=str(folder), vad=False, **options)
    extractor.load(on)
    return extractor


@pytest.fixture
def short_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    from avmeter.features.speech import glm_asr

    monkeypatch.setattr(glm_asr, "_MAX_NEW_TOKENS", 8)


@pytest.mark.usefixtures("short_answers")
def test_glm_in_a_batch_says_what_it_says_alone(glm_folder: Path) -> None:
    """Clips of unequal length, hence of unequal prompts, do not change each other's text."""
    on = runtime()
    extractor = glm(glm_folder, on)
    clips = [window(noise(0.5 + 2 * i, seed=i) * 3**i) for i in range(5)]
    with torch.inference_mode():
        batch = [o["segments"][0]["text"] for o in extractor.run(clips, on)]
        alone = [extractor.run([clip], on)[0]["segments"][0]["text"] for clip in clips]
    assert batch == alone
    assert len(set(batch)) > 1
    assert all("<|" not in text for text in batch)


@pytest.mark.usefixtures("short_answers")
@pytest.mark.parametrize("template", [TEMPLATE, None])
def test_glm_is_asked_with_the_instruction_and_one_token_per_piece_of_sound(
    tmp_path: Path, template: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prompt holds 12.5 tokens a second of sound and the instruction, with a template or without."""
    extractor = glm(write_glm(tmp_path, template), runtime(), instruction="w5")
    asked = extractor._request(extractor._net.processor, [noise(4.0)])
    ids = asked["input_ids"][0].tolist()
    vocabulary = extractor._net.processor.tokenizer.get_vocab()
    assert ids.count(vocabulary["<|pad|>"]) == 50
    assert ids.index(vocabulary["<|user|>"]) < ids.index(vocabulary["<|pad|>"]) < ids.index(vocabulary["<|assistant|>"])
    assert asked["input_features"].shape == (1, 16, 3000)
    seen: list[Any] = []
    processor = type(extractor._net.processor)
    original = processor.__call__
    monkeypatch.setattr(
        processor,
        "__call__",
        lambda self, **kw: seen.append(kw["text"]) or original(self, **kw),  # type: ignore[func-returns-value]
    )
    extractor._request(extractor._net.processor, [noise(1.0)])
    assert "w5" in str(seen[0])


@pytest.mark.usefixtures("short_answers")
def test_glm_runs_in_half_precision(glm_folder: Path) -> None:
    on = runtime("bf16")
    extractor = glm(glm_folder, on)
    assert extractor._net.model.dtype == torch.bfloat16
    assert isinstance(transcript(extractor, noise(1.0), on).facts["text"], str)


def test_folder_that_is_no_glm_is_refused(whisper_folder: Path) -> None:
    with pytest.raises(WeightsError, match="not a GLM-ASR"):
        glm(whisper_folder, runtime())


# -- SenseVoice ----------------------------------------------------------------------------------------------


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
    extractor.load(runtime())
    outputs = extractor.run([window(noise(1.0)), window(noise(3.0))], runtime())
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
        extractor.load(runtime())


# -- voice activity ------------------------------------------------------------------------------------------


def test_window_without_speech_is_not_transcribed(whisper_folder: Path) -> None:
    """Noise gives an empty transcript, whatever the network would make of it."""
    on = runtime()
    extractor = whisper(whisper_folder, on)
    extractor._net = None
    facts = transcript(extractor, noise(3.0), on).facts
    assert (facts["text"], facts["segments"], facts["language"], facts["speech_s"]) == ("", [], None, 0.0)
