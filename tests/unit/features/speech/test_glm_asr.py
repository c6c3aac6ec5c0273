"""GLM-ASR: a tiny random model of the real classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from avmeter.errors import WeightsError
from avmeter.features.base import get_extractor
from avmeter.runtime import Runtime
from support.extractors import cpu_runtime
from support.recognisers import noise, transcript, window, write_tokenizer

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
    on = cpu_runtime()
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
    extractor = glm(write_glm(tmp_path, template), cpu_runtime(), instruction="w5")
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
    on = cpu_runtime("bf16")
    extractor = glm(glm_folder, on)
    assert extractor._net.model.dtype == torch.bfloat16
    assert isinstance(transcript(extractor, noise(1.0), on).facts["text"], str)


def test_folder_that_is_no_glm_is_refused(whisper_folder: Path) -> None:
    with pytest.raises(WeightsError, match="not a GLM-ASR"):
        glm(whisper_folder, cpu_runtime())
