"""A tiny Whisper as a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from support.recognisers import SPECIAL, write_tokenizer


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
