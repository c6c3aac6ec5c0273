"""Rebuilds the golden data of MS-CLAP by running the published code. See README.md for versions.

    python make.py CHECKOUT_OF_MICROSOFT_CLAP FOLDER_WITH_GPT2_VOCAB_JSON_AND_MERGES_TXT

Needs torch, transformers 4.44, torchlibrosa, librosa, pyyaml; torchaudio is replaced by an empty module, since nothing
is decoded: waveforms are handed in where the published code has read a file.
"""

from __future__ import annotations

import importlib.machinery
import json
import random
import re
import sys
import types
from pathlib import Path

import numpy as np
import torch
import yaml
from transformers import GPT2Config, GPT2Model, GPT2TokenizerFast

HERE = Path(__file__).parent
CHECKOUT, VOCABULARY = map(Path, sys.argv[1:3])
sys.path[:0] = [str(HERE.parent), str(CHECKOUT)]

for name in ("torchaudio", "torchaudio.transforms"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__spec__ = importlib.machinery.ModuleSpec(name, None)
sys.modules["torchaudio"].transforms = sys.modules["torchaudio.transforms"]

import fill  # noqa: E402
import goldenio  # noqa: E402
import msclap.models.clap as published  # noqa: E402
import msclap.models.config as htsat_config  # noqa: E402
import synth  # noqa: E402
from msclap.CLAPWrapper import CLAPWrapper  # noqa: E402
from msclap.models.htsat import HTSAT_Swin_Transformer, HTSATWrapper  # noqa: E402

# Arguments of the published classes for a network of two small stages; the mel spectrogram stays as it is.
SIZES = {
    "full": {"htsat": {}, "gpt2": {}, "widths": None, "limit": 256},
    "tiny": {
        "htsat": {"embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4]},
        "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2},
        "widths": (32, 16, 24),
        "limit": 128,
    },
}
WAVES = {
    "synth_7s": lambda: synth.chirp_noise(44100, 7),
    "synth_3.3s": lambda: synth.chirp_noise(44100, 3.3, seed=3),
    "synth_9s_seed0": lambda: synth.chirp_noise(44100, 9, seed=4),
    "zeros_2s": lambda: np.zeros(88200, np.float32),
}
TEXTS = {"dog": "a dog barks", "loud": "Wow!! A dog barks!", "rain": "rain on a tin roof, far away; 100% дождь"}
MORE_TEXTS = [" ! hi", "trailing space ", "雨の音", "a\nb\t c", "<|endoftext|> inside", "it's", "dog " * 100]
NOTES = (
    "Layout of CLAP_weights_2023.pth, member `model`: the module tree of microsoft/CLAP e8a6467, and the causal masks "
    "that GPT-2 had in the transformers of its day. All as float32 they make up the size of the file (689,950,036 bytes) "
    "but for 158 kB, 414 bytes a tensor: what torch.save adds."
)


def tokenizer():
    made = GPT2TokenizerFast(vocab_file=str(VOCABULARY / "vocab.json"), merges_file=str(VOCABULARY / "merges.txt"))
    made.add_special_tokens({"pad_token": "!"})
    return made


def wrapper(size):
    """The published wrapper around a network of this size, without its files."""
    sizes = SIZES[size]

    class Encoder(torch.nn.Module):
        def __init__(self, *_):
            super().__init__()
            self.htsat = HTSAT_Swin_Transformer(config=htsat_config, **sizes["htsat"])

        forward = HTSATWrapper.forward

    published.get_audio_encoder = lambda _: Encoder
    gpt2 = types.SimpleNamespace(from_pretrained=lambda _: GPT2Model(GPT2Config(**sizes["gpt2"])))
    published.AutoModel = gpt2
    made = object.__new__(CLAPWrapper)
    args = types.SimpleNamespace(**yaml.safe_load((CHECKOUT / "msclap/configs/config_2023.yml").read_text()))
    out_emb, text_dim, d_proj = sizes["widths"] or (args.out_emb, args.transformer_embed_dim, args.d_proj)
    made.args = args
    made.clap = published.CLAP(
        audioenc_name=args.audioenc_name,
        sample_rate=args.sampling_rate,
        window_size=args.window_size,
        hop_size=args.hop_size,
        mel_bins=args.mel_bins,
        fmin=args.fmin,
        fmax=args.fmax,
        classes_num=args.num_classes,
        out_emb=out_emb,
        text_model=args.text_model,
        transformer_embed_dim=text_dim,
        d_proj=d_proj,
    ).eval()
    made.use_cuda = False
    made.token_keys = ["input_ids", "attention_mask"]
    made.np_str_obj_array_pattern = re.compile(r"[SaUO]")
    made.default_collate_err_msg_format = "{}"
    made.tokenizer = tokenizer()
    return made


def keep(module, seen, name, pick=lambda output: output[0] if isinstance(output, tuple) else output):
    module.register_forward_hook(lambda _m, _i, output: seen.__setitem__(name, pick(output)))


def unit(embedding):
    return (embedding / embedding.norm(dim=-1, keepdim=True))[0].numpy()


def sounds(made, put):
    seen = {}
    encoder = made.clap.audio_encoder
    htsat = encoder.base.htsat
    keep(htsat.logmel_extractor, seen, "logmel", lambda output: output[:, 0])
    keep(htsat.bn0, seen, "batch_norm")
    keep(htsat.patch_embed, seen, "patch_embed")
    keep(htsat.layers[0].blocks[0], seen, "block0")
    keep(htsat.layers[0].blocks[1], seen, "block1")
    keep(htsat.norm, seen, "norm")
    keep(htsat, seen, "latent", lambda output: output["latent_output"])
    keep(encoder.projection, seen, "projection")
    for name, wave in WAVES.items():
        made.read_audio = lambda *_, wave=wave, **__: (torch.from_numpy(wave())[None], 44100)
        random.seed(0)
        inputs = made.preprocess_audio(["clip"], True)
        put(f"{name}/input", inputs.reshape(-1).numpy())
        embedding = made._get_audio_embeddings(inputs)
        for stage, value in seen.items():
            put(f"{name}/{stage}", value.numpy())
        put(f"{name}/audio_features", unit(embedding), limit=4096)


def texts(made, put):
    seen = {}
    encoder = made.clap.caption_encoder
    keep(encoder.base.h[0], seen, "text_block0")
    keep(encoder.base.ln_f, seen, "text_norm")
    keep(encoder.projection, seen, "projection")
    for name, text in TEXTS.items():
        tokens = made.preprocess_text([text])
        length = int(tokens["attention_mask"].sum())
        embedding = made._get_text_embeddings(tokens)
        put(f"{name}/input_ids", tokens["input_ids"][0, :length].numpy())
        put(f"{name}/text_block0", seen["text_block0"][:, :length].numpy())
        put(f"{name}/text_norm", seen["text_norm"][:, :length].numpy())
        put(f"{name}/projection", seen["projection"].numpy())
        put(f"{name}/text_features", unit(embedding), limit=4096)


def write_keys(state, size, num_layers):
    for i in range(num_layers):
        attention = f"caption_encoder.base.h.{i}.attn"
        state |= {f"{attention}.bias": torch.zeros(1, 1, 1024, 1024), f"{attention}.masked_bias": torch.tensor(0.0)}
    goldenio.write_keys("msclap" if size == "full" else f"msclap_{size}", NOTES, {k: v.float() for k, v in state.items()})


def main():
    for size, sizes in SIZES.items():
        made, out = wrapper(size), {}

        def put(name, value, limit=sizes["limit"], out=out):
            goldenio.put(out, name, value, limit=limit)

        write_keys(made.clap.state_dict(), size, len(made.clap.caption_encoder.base.h))
        fill.fill_state_dict(made.clap)
        sounds(made, put)
        texts(made, put)
        np.savez_compressed(HERE / f"{size}.npz", **out)
    rows = {}
    for text in [*TEXTS.values(), *MORE_TEXTS]:
        tokens = made.tokenizer.encode_plus(text=text + " <|endoftext|>", add_special_tokens=True)
        rows[text] = tokens["input_ids"]
    lines = ",\n".join(f" {json.dumps(text)}: {json.dumps(ids)}" for text, ids in rows.items())
    (HERE / "tokens.json").write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
