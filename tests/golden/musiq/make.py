"""Rebuilds the golden data of MUSIQ by running the published PyTorch code. See README.md for versions.

    python make.py CHECKOUTS MEDIA

CHECKOUTS holds the checkouts `pyiqa` and `fastvideo`; MEDIA the real clips. Needs torch and torchvision. What only
packages, downloads or other metrics need is replaced by empty modules.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
CHECKOUTS, MEDIA = map(Path, sys.argv[1:3])
LIMIT = 512
SIZES = {"wide": (2, 288, 512), "tall": (1, 150, 90), "smaller_than_a_patch": (1, 20, 30)}


def stub(name, path=None, **attributes):
    """A module with these attributes; with a path, a package whose own `__init__.py` is not run."""
    module = sys.modules[name] = types.ModuleType(name)
    module.__dict__.update(attributes)
    if path is not None:
        module.__path__ = [str(path)]
    return module


sys.path[:0] = [str(HERE.parent), str(CHECKOUTS / "pyiqa"), str(CHECKOUTS / "fastvideo")]
warnings.simplefilter("ignore")
stub("torchvision._meta_registrations")  # of compiled operators that nothing here calls
stub("huggingface_hub", hf_hub_url=lambda **_: "")
stub("pyiqa", CHECKOUTS / "pyiqa" / "pyiqa")
for room in ("archs", "data", "utils"):
    stub(f"pyiqa.{room}", CHECKOUTS / "pyiqa" / "pyiqa" / room)
stub("pyiqa.utils.download_util", load_file_from_url=None)
padding = CHECKOUTS / "pyiqa" / "pyiqa" / "matlab_utils"
stub("pyiqa.matlab_utils", padding)
of_matlab = importlib.import_module("pyiqa.matlab_utils.padding")
sys.modules["pyiqa.matlab_utils"].__dict__.update(
    ExactPadding2d=of_matlab.ExactPadding2d, exact_padding_2d=of_matlab.exact_padding_2d
)
stub("fastvideo", CHECKOUTS / "fastvideo" / "fastvideo")
for room in ("eval", "eval.metrics", "eval.metrics.vbench", "eval.io"):
    stub(f"fastvideo.{room}", CHECKOUTS / "fastvideo" / "fastvideo" / room.replace(".", "/"))

import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
from fastvideo.eval.io.video import load_video  # noqa: E402
from pyiqa.archs.musiq_arch import MUSIQ  # noqa: E402
from pyiqa.data.multiscale_trans_util import get_multiscale_patches  # noqa: E402


def network(size):
    sizes = {"hidden_size": 24, "mlp_dim": 40, "num_heads": 2, "num_layers": 3} if size == "tiny" else {}
    return MUSIQ(pretrained=False, longer_side_lengths=[224, 384], **sizes).eval()


def pixels(num_frames, height, width):
    """(T, 3, H, W) from 0 to 1."""
    return torch.from_numpy(synth.moving_blobs(num_frames, height, width)).permute(0, 3, 1, 2).float() / 255


def recorded(net, frames):
    """Stages without the patches that only fill up a scale; `tokens` is what the first block reads."""
    rows = get_multiscale_patches((frames - 0.5) * 2, **net.data_preprocess_opts)
    real = torch.cat([torch.ones(1, dtype=torch.bool), rows[0, :, -1].bool()])
    seen, hooks = {}, []
    blocks = list(net.transformer_encoder.transformer.values())

    def remember(stage):
        return lambda _m, _i, output: seen.__setitem__(stage, output)

    hooks.append(net.transformer_encoder.dropout.register_forward_hook(remember("tokens")))
    hooks.append(blocks[0].register_forward_hook(remember("block0")))
    hooks.append(blocks[-2].register_forward_hook(remember("before_last")))
    out = net(frames)
    for hook in hooks:
        hook.remove()
    found = {stage: value[:, real] for stage, value in seen.items()}
    return {stage: value.double().numpy() for stage, value in {**found, "out": out[:, 0]}.items()}


@torch.no_grad()
def write_network(size):
    """Stages under the fill; says how far float32 is from float64."""
    out, net = {}, network(size)
    fill.fill_state_dict(net)
    found = {case: recorded(net, pixels(*shape)) for case, shape in SIZES.items()}
    net.double()
    for case, shape in SIZES.items():
        for stage, exact in recorded(net, pixels(*shape).double()).items():
            value = found[case][stage]
            print(size, case, stage, value.shape, f"{np.abs(value - exact).max() / np.abs(exact).max():.1e}", flush=True)
            goldenio.put(out, f"{case}/{stage}", value.astype(np.float32), limit=LIMIT)
    np.savez_compressed(HERE / f"{size}.npz", **out)


def write_keys():
    notes = "Layout of musiq_spaq_ckpt-358bb6af.pth: the module tree of chaofengc/IQA-PyTorch 01ae427."
    goldenio.write_keys("musiq", notes, network("full").state_dict())


@torch.no_grad()
def write_scores():
    """Scores of FastVideo's own metric over the tiny network: of frames in memory, and of the start of a real clip."""
    net = network("tiny")
    fill.fill_state_dict(net)
    module = importlib.import_module("fastvideo.eval.metrics.vbench.imaging_quality.metric")
    metric = module.ImagingQualityMetric()
    metric._model = net
    videos = {"blobs": pixels(3, 90, 160), "ltx2.mp4": load_video(MEDIA / "ltx2.mp4")[:5]}
    scores = {}
    for name, frames in videos.items():
        found = metric.compute({"video": frames})
        scores[name] = {"score": found.score, **found.details, "size": list(frames.shape)}
        print(name, found.score, flush=True)
    (HERE / "scores.json").write_text(json.dumps(scores) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    write_keys()
    write_scores()
    write_network("tiny")
    write_network("full")
