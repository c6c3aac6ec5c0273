"""Whisper base in the layout of transformers, made of the CTranslate2 file on this machine, for tests.

Both layouts hold the same numbers; only the CTranslate2 one is shipped by packages that can be installed. Layout of
`model.bin`, little-endian; a string is uint16 length (with the closing NUL), then its bytes:

    uint32 version, string specification, uint32 revision, uint32 count,
    count times: string name, uint8 rank, uint32 dims[rank], uint8 dtype, uint32 num_bytes, data
    aliases

Attention's projections are joined there: `linear_0` is query, key and
value in self-attention, query in cross-attention, where `linear_1` is key and value; the last one is the output.
"""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import GenerationConfig, WhisperConfig, WhisperForConditionalGeneration

_DTYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
_RULES = (
    (r"^encoder/conv(\d)/", r"encoder.conv\1."),
    (r"^(en|de)coder/position_encodings/encodings$", r"\1coder.embed_positions.weight"),
    (r"^decoder/embeddings/weight$", "decoder.embed_tokens.weight"),
    (r"^(en|de)coder/layer_norm/", r"\1coder.layer_norm."),
    (r"^(en|de)coder/layer_(\d+)/", r"\1coder.layers.\2."),
    (r"/?ffn/layer_norm/", "final_layer_norm."),
    (r"/?ffn/linear_0/", "fc1."),
    (r"/?ffn/linear_1/", "fc2."),
    (r"self_attention/layer_norm/", "self_attn_layer_norm."),
    (r"(?<!_)attention/layer_norm/", "encoder_attn_layer_norm."),
)


def write_transformers_folder(converted: Path, target: Path) -> None:
    """Write config, generation config, weights and tokenizer of Whisper base into `target`."""
    model = WhisperForConditionalGeneration(
        WhisperConfig(
            d_model=512, encoder_layers=6, decoder_layers=6, encoder_attention_heads=8, decoder_attention_heads=8,
            encoder_ffn_dim=2048, decoder_ffn_dim=2048, vocab_size=51865, num_mel_bins=80,
            pad_token_id=50257, bos_token_id=50257, eos_token_id=50257, decoder_start_token_id=50258,
        )
    )  # fmt: skip
    state = dict(_state(converted / "model.bin"))
    state["proj_out.weight"] = state["model.decoder.embed_tokens.weight"]
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected, unexpected
    assert all(name.endswith("k_proj.bias") for name in missing), missing
    model.generation_config = GenerationConfig(
        is_multilingual=True, eos_token_id=50257, pad_token_id=50257, begin_suppress_tokens=[220, 50257]
    )
    model.save_pretrained(target)
    shutil.copyfile(converted / "tokenizer.json", target / "tokenizer.json")


def _state(file: Path) -> Iterator[tuple[str, Tensor]]:
    for name, array in _variables(file):
        value = torch.from_numpy(array.astype(np.float32))
        if "attention/linear" not in name:
            renamed = name
            for pattern, replacement in _RULES:
                renamed = re.sub(pattern, replacement, renamed)
            yield "model." + renamed.replace("gamma", "weight").replace("beta", "bias"), value
            continue
        coder, layer, kind, number, part = re.fullmatch(
            r"(\w+)/layer_(\d+)/(self_attention|attention)/linear_(\d)/(\w+)", name
        ).groups()  # type: ignore[union-attr]
        attention = "self_attn" if kind == "self_attention" else "encoder_attn"
        if kind == "self_attention":
            names = ("q_proj", "k_proj", "v_proj") if number == "0" else ("out_proj",)
        else:
            names = (("q_proj",), ("k_proj", "v_proj"), ("out_proj",))[int(number)]
        for projection, chunk in zip(names, value.chunk(len(names)), strict=True):
            if (projection, part) == ("k_proj", "bias"):
                assert not chunk.any()
            else:
                yield f"model.{coder}.layers.{layer}.{attention}.{projection}.{part}", chunk.clone()


def _variables(file: Path) -> Iterator[tuple[str, np.ndarray]]:
    view = memoryview(file.read_bytes())
    at = 4 + 2 + struct.unpack_from("<H", view, 4)[0] + 4
    (count,) = struct.unpack_from("<I", view, at)
    at += 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", view, at)
        name = bytes(view[at + 2 : at + 1 + length]).decode()
        at += 2 + length
        rank = view[at]
        shape = struct.unpack_from(f"<{rank}I", view, at + 1)
        at += 1 + 4 * rank
        dtype, num_bytes = struct.unpack_from("<BI", view, at)
        at += 5
        if rank:
            yield name, np.frombuffer(view[at : at + num_bytes], _DTYPES[dtype]).reshape(shape)
        at += num_bytes
