"""Rebuilds the golden data of EnCodec by running the published encoder. See README.md for versions.

    python make.py ENCODEC

ENCODEC is a checkout of facebookresearch/encodec. torchaudio, which only its readers of files use, is empty.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), sys.argv[1]]
sys.modules["torchaudio"] = types.ModuleType("torchaudio")

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
from encodec.model import EncodecModel  # noqa: E402

RATE = 24_000
LIMIT = 512
NOTES = "Layout of encodec_24khz-d7cc33bc.th, from the published class; decoder and quantiser too."
WAVES = {"1s": 24_000, "uneven": 10_007, "tiny": 5}


@torch.no_grad()
def run(encoder, wave):
    x = wave[None, None]
    found = {}
    for i, layer in enumerate(encoder.model):
        x = layer(x)
        if i in (0, 1, 3, 12, 13, 15):
            found[f"model{i}"] = x.numpy()
    return found


def main():
    net = EncodecModel.encodec_model_24khz(pretrained=False)
    goldenio.write_keys("encodec", NOTES, net.state_dict())
    fill.fill_state_dict(net)
    out = {}
    for name, num_samples in WAVES.items():
        wave = torch.from_numpy(synth.chirp_noise(RATE, 1, seed=9)[:num_samples])
        found = run(net.encoder, wave)
        exact = run(net.double().encoder, wave.double())
        net.float()
        fill.fill_state_dict(net)
        for stage, value in found.items():
            goldenio.put(out, f"{name}/{stage}", value, limit=LIMIT)
            print(name, stage, value.shape, f"{np.abs(value - exact[stage]).max() / np.abs(exact[stage]).max():.1e}")
    np.savez_compressed(HERE / "fill.npz", **out)


if __name__ == "__main__":
    main()
