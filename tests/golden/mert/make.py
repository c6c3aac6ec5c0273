"""Rebuilds the golden data of MERT by running the published model. See README.md for versions.

    python make.py MERT

MERT is a folder with `modeling_MERT.py` and what it imports. nnAudio, which only another variant uses, is empty.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), sys.argv[1]]
for absent in ("nnAudio", "nnAudio.features"):
    sys.modules[absent] = types.ModuleType(absent)
sys.modules["nnAudio"].features = sys.modules["nnAudio.features"]

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
from modeling_MERT import MERTConfig, MERTModel  # noqa: E402
from transformers import Wav2Vec2FeatureExtractor  # noqa: E402

RATE = 24_000
LIMIT = 512
NOTES = "Layout of pytorch_model.bin of m-a-p/MERT-v1-{}, from the published class with the published sizes."
# scripts/hf_config/mert_large.json of yizhilll/MERT; a small network has its kinds of layers.
PRE_NORM = {"do_stable_layer_norm": True, "feat_extract_norm": "group", "attention_relax": 32.0}
LARGE = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
SMALL = {
    "conv_dim": [8] * 7, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4,
}  # fmt: skip
SIZES = {"mert": {}, "mert-330m": PRE_NORM | LARGE, "small": PRE_NORM | SMALL}
# Of PyTorch's weight norm: the file has the names of its first form.
NAMES = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}


def official(key):
    for new, old in NAMES.items():
        key = key.replace(new, old)
    return key


@torch.no_grad()
def run(net, values):
    states = net(values, output_hidden_states=True).hidden_states
    return {f"layer{i}": states[i].numpy() for i in (0, 1, len(states) - 1)}


def main():
    wave = synth.chirp_noise(RATE, 1.5, seed=8)
    read = Wav2Vec2FeatureExtractor(sampling_rate=RATE)
    values = read(wave, sampling_rate=RATE, return_tensors="pt")["input_values"]
    for name, sizes in SIZES.items():
        net = MERTModel(MERTConfig(**sizes)).eval()
        if name != "small":
            title = "330M" if sizes else "95M"
            goldenio.write_keys(name, NOTES.format(title), {official(k): v for k, v in net.state_dict().items()})
        fill.fill_state_dict(net, rename=official)
        found = run(net, values)
        exact = run(net.double(), values.double())
        out = {}
        goldenio.put(out, "values", values[0].numpy(), limit=LIMIT)
        for stage, value in found.items():
            goldenio.put(out, stage, value, limit=LIMIT)
            print(name, stage, value.shape, f"{np.abs(value - exact[stage]).max() / np.abs(exact[stage]).max():.1e}")
        np.savez_compressed(HERE / f"{name}.npz", **out)


if __name__ == "__main__":
    main()
