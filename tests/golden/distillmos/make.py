"""Rebuilds the golden data of Distill-MOS by running the published code. See README.md for versions.

    python make.py PACKAGES MEDIA

PACKAGES is a folder with the unpacked wheels of distillmos and xls-r-sqa, MEDIA one with the real clips. torchaudio is
replaced by an empty module: only the published reader of files uses it, and waveforms are handed in here.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import numpy as np
import torch

from avmeter.media import AudioSpec, MediaItem

HERE = Path(__file__).parent
PACKAGES, MEDIA = map(Path, sys.argv[1:3])
sys.path[:0] = [str(HERE.parent), str(PACKAGES)]
sys.modules["torchaudio"] = types.ModuleType("torchaudio")

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
from distillmos import ConvTransformerSQAModel  # noqa: E402

RATE = 16_000
LIMIT = 1024
WAVES = {
    "synth_2s": lambda: synth.chirp_noise(RATE, 2, seed=3),
    "synth_9s": lambda: synth.chirp_noise(RATE, 9),
    "zeros_8s": lambda: np.zeros(8 * RATE, np.float32),
}
SCORED = {**WAVES, "synth_20s": lambda: synth.chirp_noise(RATE, 20)}
CLIPS = ("ltx2.wav", "3qesirWAGt4_20000_30000.mp4", "ZYc410CE4Rg_0_10000.mp4")
NOTES = "Layout of distill_mos_v7.pt of distillmos 0.9.1, member `model`."


def stages(net):
    """Stage -> module whose output is recorded; `spectrum` is the input of the convolutions."""
    head = net.transformer_pool_attn
    encoder = head.transformer
    return {
        "conv0": net.cnn.cnn[1],
        "conv5": net.cnn.cnn[11],
        "projected": encoder.linear_proj,
        "layer0": encoder.transformer_encoder.layers[0],
        "encoder": encoder,
        "pooled": head.pool,
    }


@torch.no_grad()
def run(net, wave):
    """Outputs of every stage, and the score."""
    seen = {}
    hooks = [net.cnn.cnn.register_forward_pre_hook(lambda _m, inputs: seen.__setitem__("spectrum", inputs[0]))]
    hooks += [
        module.register_forward_hook(lambda _m, _i, output, stage=stage: seen.__setitem__(stage, output))
        for stage, module in stages(net).items()
    ]
    seen["mos"] = net(torch.from_numpy(wave)[None].to(next(net.parameters()).dtype))
    for hook in hooks:
        hook.remove()
    return {stage: value.numpy() for stage, value in seen.items()}


def write_fill(net):
    """Stages under the fill; says how far float32 is from float64."""
    fill.fill_state_dict(net)
    out, exact = {}, {name: run(net.double(), wave()) for name, wave in WAVES.items()}
    net.float()
    fill.fill_state_dict(net)
    for name, wave in WAVES.items():
        goldenio.put(out, f"{name}/wave", wave(), limit=LIMIT)
        for stage, value in run(net, wave()).items():
            goldenio.put(out, f"{name}/{stage}", value, limit=LIMIT)
            scale = np.abs(exact[name][stage]).max() or 1.0
            print(name, stage, value.shape, f"{np.abs(value - exact[name][stage]).max() / scale:.1e}")
    np.savez_compressed(HERE / "fill.npz", **out)


def write_scores(net):
    """Scores of the real weights."""
    scores = {name: {"mos": float(run(net, wave())["mos"].item())} for name, wave in SCORED.items()}
    for name in CLIPS:
        wave = np.array(MediaItem.open(MEDIA / name).audio(AudioSpec(sample_rate=RATE, resampler="sinc"))[:])
        scores[name] = {"mos": float(run(net, wave)["mos"].item()), "num_samples": len(wave)}
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(score)}" for name, score in scores.items())
    (HERE / "scores.json").write_text(f"{{\n{lines}\n}}\n")


def main():
    net = ConvTransformerSQAModel().eval()
    goldenio.write_keys("distillmos", NOTES, net.state_dict())
    write_scores(net)
    write_fill(net)


if __name__ == "__main__":
    main()
