"""Rebuilds the golden data of RAFT and AMT-S, and of VBench's metrics over them. See README.md for versions.

    python make.py CHECKOUTS MEDIA [keys|networks|scores ...]

CHECKOUTS holds the checkouts `vbench`, with its copies of both networks, and `fastvideo`; MEDIA the real clips. Needs
torch, OpenCV, SciPy and Pillow. What only configurations, files and other metrics need is replaced by empty modules.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import sys
import types
import warnings
from itertools import islice
from pathlib import Path

import av
import numpy as np
import torch

HERE = Path(__file__).parent
CHECKOUTS, MEDIA = map(Path, sys.argv[1:3])
PARTS = sys.argv[3:] or ["keys", "networks", "scores"]


def stub(name, path=None, **attributes):
    """A module with these attributes; with a path, a package whose own `__init__.py` is not run."""
    module = sys.modules[name] = types.ModuleType(name)
    module.__dict__.update(attributes)
    if path is not None:
        module.__path__ = [str(path)]
    return module


class Options(dict):
    """What easydict makes of keywords, as far as RAFT reads it."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


sys.path[:0] = [str(HERE.parent)]
warnings.simplefilter("ignore")
stub("easydict", EasyDict=Options)
stub("imageio", imread=None, imwrite=None)
stub("vbench", CHECKOUTS / "vbench" / "vbench")
stub("vbench.third_party", CHECKOUTS / "vbench" / "vbench" / "third_party")
stub("fastvideo", CHECKOUTS / "fastvideo" / "fastvideo")
for room in ("eval", "eval.metrics", "eval.metrics.vbench"):
    stub(f"fastvideo.{room}", CHECKOUTS / "fastvideo" / "fastvideo" / room.replace(".", "/"))

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
from scenes import scene  # noqa: E402
from vbench.third_party.amt.utils.utils import InputPadder as AmtPadder  # noqa: E402
from vbench.third_party.RAFT.core.raft import RAFT  # noqa: E402
from vbench.third_party.RAFT.core.utils_core.utils import InputPadder as RaftPadder  # noqa: E402

AMT = importlib.import_module("vbench.third_party.amt.networks.AMT-S").Model
LIMIT = 512
SIZES = {"smallest": (128, 136), "odd": (130, 170)}
NUM_ITERATIONS = 20
NOTES = {
    "raft": "Layout of raft-things.pth: the module tree of princeton-vl/RAFT 2888e15 within DataParallel.",
    "amt": "Layout of amt-s.pth, member `state_dict`: the module tree of MCG-NKU/AMT 70f988f, cfgs/AMT-S.yaml.",
}


def make(name):
    if name == "amt":
        return AMT(corr_radius=3, corr_lvls=4, num_flows=3).eval()
    return RAFT(Options(small=False, mixed_precision=False, alternate_corr=False, dropout=0.0)).eval()


def official(name):
    return (lambda key: f"module.{key}") if name == "raft" else (lambda key: key)


# What gives flows, and what is added to frames: under the fill, hundreds of pixels and many times white.
TAMED = {
    "raft": (r"^update_block\.flow_head\.conv2\.", 0.02),
    "amt": (r"^decoder\d\.convblock\.2\.|^update\d\.flow_head\.2\.|^comb_block\.2\.", 0.1),
}


@torch.no_grad()
def filled(name):
    """Under the fill, some of it scaled down."""
    net = make(name)
    fill.fill_state_dict(net, rename=official(name))
    pattern, factor = TAMED[name]
    for key, value in net.state_dict().items():
        if re.search(pattern, key):
            value.mul_(factor)
    return net


def pair(size):
    """Two frames (1, 3, H, W), 0 to 255."""
    frames = torch.from_numpy(synth.moving_blobs(4, *SIZES[size])).permute(0, 3, 1, 2).double()
    return frames[:1], frames[3:]


def flat(value):
    return [value] if isinstance(value, torch.Tensor) else [part for item in value for part in flat(item)]


def recorded(modules, run):
    """Outputs of every call of these modules: stage -> list of lists of tensors."""
    calls = {stage: [] for stage in modules}
    hooks = [
        module.register_forward_hook(
            lambda _m, inputs, output, stage=stage: calls[stage].append((flat(inputs), flat(output)))
        )
        for stage, module in modules.items()
    ]
    out = run()
    for hook in hooks:
        hook.remove()
    return calls, out


def raft_stages(net, size, dtype):
    first, second = (x.to(dtype) for x in RaftPadder((1, 3, *SIZES[size])).pad(*pair(size)))
    modules = {"maps": net.fnet, "context": net.cnet, "update": net.update_block}
    calls, (_, full) = recorded(modules, lambda: net(first, second, iters=NUM_ITERATIONS, test_mode=True))
    updates = calls["update"]
    found = {"maps": torch.cat(calls["maps"][0][1]), "context": calls["context"][0][1][0]}
    for number in (0, 1):
        (_, _, correlations, _), (state, _, change) = updates[number]
        found |= {f"correlations{number}": correlations, f"state{number}": state, f"change{number}": change}
    return found | {"full": full}


def amt_stages(net, size, dtype):
    first, second = ((x / 255).to(dtype) for x in AmtPadder((1, 3, *SIZES[size]), 16).pad(*pair(size)))
    names = ("decoder4", "update4", "decoder3", "update3", "decoder2", "update2", "decoder1")
    modules = {"maps": net.feat_encoder, "pyramid": net.encoder} | {name: getattr(net, name) for name in names}
    middle = torch.full((1, 1, 1, 1), 0.5, dtype=dtype)
    calls, out = recorded(modules, lambda: net(first, second, middle, scale_factor=1.0, eval=True)["imgt_pred"])
    found = {"maps": torch.cat(calls["maps"][0][1])}
    for side, (_, levels) in zip(("before", "after"), calls["pyramid"], strict=True):
        found |= {f"{side}{number}": level for number, level in enumerate(levels)}
    for name in names:
        inputs, outputs = calls[name][0]
        if name.startswith("update"):
            found[f"{name}/correlations"] = inputs[2]
        found |= {f"{name}/{number}": value for number, value in enumerate(outputs)}
    return found | {"out": out}


STAGES = {"raft": raft_stages, "amt": amt_stages}


@torch.no_grad()
def write_network(name):
    """Stages under the fill; says how far float32 is from float64."""
    out = {}
    for size in SIZES:
        net = filled(name)
        found = STAGES[name](net, size, torch.float32)
        with float64():
            exact = STAGES[name](net.double(), size, torch.float64)
        for stage, value in found.items():
            of = exact[stage].double().numpy()
            value = value.double().numpy()
            print(name, size, stage, value.shape, f"{np.abs(value - of).max() / np.abs(of).max():.1e}", flush=True)
            goldenio.put(out, f"{size}/{stage}", value.astype(np.float32), limit=LIMIT)
    np.savez_compressed(HERE / f"{name}.npz", **out)


@contextlib.contextmanager
def float64():
    """Grids and what the code makes `.float()` of are of float64 too."""
    single = torch.Tensor.float
    torch.Tensor.float = torch.Tensor.double
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
    torch.Tensor.float = single


def write_keys(name):
    state = {official(name)(key): value for key, value in make(name).state_dict().items()}
    goldenio.write_keys(name, NOTES[name], state)


def metric(name):
    module = importlib.import_module(f"fastvideo.eval.metrics.vbench.{name}.metric")
    (cls,) = [v for v in vars(module).values() if getattr(v, "name", None) == f"vbench.{name}"]
    return cls()


def real_frames():
    """Every third pixel of the first 33 frames of a real clip, (33, H, W, 3)."""
    with av.open(str(MEDIA / "ltx2.mp4")) as container:
        frames = [f.to_ndarray(format="rgb24")[::3, ::3] for f in islice(container.decode(video=0), 33)]
    return np.stack(frames)


@torch.no_grad()
def write_scores():
    """Scores of FastVideo's own metrics over the filled networks."""
    clips = {"scene": (scene(5, height=130, width=170), 16.0), "real": (real_frames(), 24.0)}
    raft, amt = metric("dynamic_degree"), metric("motion_smoothness")
    raft._model, amt._model = filled("raft"), filled("amt")
    amt._embt = torch.full((1, 1, 1, 1), 0.5)
    scores = {}
    for name, (frames, fps) in clips.items():
        video = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
        for made in (raft, amt):
            found = made.compute({"video": video, "fps": fps})
            scores.setdefault(name, {})[made.name] = {"score": found.score, **found.details}
            print(made.name, name, frames.shape, found.score, flush=True)
    (HERE / "scores.json").write_text(json.dumps(scores, indent=1) + "\n")


def main():
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    if "keys" in PARTS:
        for name in NOTES:
            write_keys(name)
    if "scores" in PARTS:
        write_scores()
    if "networks" in PARTS:
        for name in NOTES:
            write_network(name)


if __name__ == "__main__":
    main()
