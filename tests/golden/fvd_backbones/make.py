"""Rebuilds the golden data of FVD over CLIP and VideoMAE by running the published code. See README.md for versions.

    python make.py CHECKOUTS

CHECKOUTS holds the checkouts `clip` and `fastvideo`. Needs torch, torchvision, transformers, ftfy and regex.
"""

from __future__ import annotations

import importlib
import os
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import packaging.version
import torch

HERE = Path(__file__).parent
CHECKOUTS = Path(sys.argv[1])
LIMIT = 512
SHAPES = {"wide": (16, 90, 160), "tall": (16, 301, 230)}


def stub(name, path=None, **attributes):
    """A module with these attributes; with a path, a package whose own `__init__.py` is not run."""
    module = sys.modules[name] = types.ModuleType(name)
    module.__dict__.update(attributes)
    if path is not None:
        module.__path__ = [str(path)]
    return module


sys.path[:0] = [str(HERE.parent), *(str(CHECKOUTS / name) for name in ("clip", "fastvideo"))]
warnings.simplefilter("ignore")
stub("torchvision._meta_registrations")  # of compiled operators that nothing here calls
stub("pkg_resources", packaging=packaging)
stub("fastvideo", CHECKOUTS / "fastvideo" / "fastvideo")
for room in ("eval", "eval.metrics", "eval.metrics.common", "eval.metrics.common.fvd"):
    stub(f"fastvideo.{room}", CHECKOUTS / "fastvideo" / "fastvideo" / room.replace(".", "/"))

import clip.model  # noqa: E402
import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
from transformers import CLIPImageProcessor, VideoMAEConfig, VideoMAEForPreTraining, VideoMAEModel  # noqa: E402

clip.model.LayerNorm.forward = torch.nn.LayerNorm.forward
extractors = importlib.import_module("fastvideo.eval.metrics.common.fvd.extractors")


def official(name):
    """The name that a tensor has in the checkpoint of VideoMAE, which is older than today's transformers."""
    for role in "query", "value":
        name = name.replace(f"attention.attention.{role}.bias", f"attention.attention.{role[0]}_bias")
    return name if name.startswith(("videomae.", "decoder.", "mask_token", "encoder_to_decoder")) else f"videomae.{name}"


def videomae(size):
    sizes = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 192}
    config = VideoMAEConfig(use_mean_pooling=False, attn_implementation="eager", **(sizes if size == "tiny" else {}))
    net = VideoMAEModel(config).eval()
    fill.fill_state_dict(net, rename=official)
    return net


def frames(shape):
    """(1, T, 3, H, W) from 0 to 1."""
    return torch.from_numpy(synth.moving_blobs(*shape)).permute(0, 3, 1, 2).float()[None] / 255


def published(cls, **attributes):
    made = cls.__new__(cls)
    made.__dict__.update(device=torch.device("cpu"), **attributes)
    return made


class ClipOf:
    """CLIP's picture tower under the name that transformers gives to what it does."""

    def __init__(self):
        self.net = clip.model.CLIP(12, 224, 1, 64, 56, 77, 49408, 64, 1, 1).eval()
        fill.fill_state_dict(self.net)

    def get_image_features(self, pixel_values):
        return self.net.encode_image(pixel_values)


@torch.no_grad()
def write(size):
    """Stages of VideoMAE, and at the tiny size the features of CLIP too; says how far float32 is from float64."""
    out, net = {}, videomae(size)
    mean, std = (torch.tensor(v).view(1, 1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    whole = published(extractors._VideoMAEExtractor, _model=net, _mean=mean, _std=std)
    for case, shape in SHAPES.items():
        seen = {}
        hooks = [
            net.embeddings.register_forward_hook(lambda _m, _i, o, s=seen: s.__setitem__("embed", o)),
            net.encoder.layer[0].register_forward_hook(
                lambda _m, _i, o, s=seen: s.__setitem__("block0", o[0] if isinstance(o, tuple) else o)
            ),
        ]
        found = {"embedding": torch.from_numpy(whole.forward(frames(shape))), **seen}
        found |= seen
        net.double()
        exact = {"embedding": net((torch.nn.functional.interpolate(
            frames(shape)[0], size=(224, 224), mode="bilinear", align_corners=False)[None].double() - mean) / std
        ).last_hidden_state.mean(1)}  # fmt: skip
        for hook in hooks:
            hook.remove()
        net.float()
        fill.fill_state_dict(net, rename=official)
        off = (found["embedding"].double() - exact["embedding"]).abs().max() / exact["embedding"].abs().max()
        print(size, case, f"{off:.1e}", flush=True)
        for stage, value in found.items():
            goldenio.put(out, f"videomae/{case}/{stage}", value.numpy().astype(np.float32), limit=LIMIT)
    if size == "tiny":
        processor = CLIPImageProcessor()
        of_clip = published(extractors._CLIPExtractor, _model=ClipOf(), _processor=lambda padding, **k: processor(**k))
        for case, shape in SHAPES.items():
            goldenio.put(out, f"clip/{case}/embedding", of_clip.forward(frames(shape)), limit=LIMIT)
    np.savez_compressed(HERE / f"{size}.npz", **out)


def write_keys():
    state = VideoMAEForPreTraining(VideoMAEConfig(use_mean_pooling=False)).state_dict()
    notes = "Layout of MCG-NJU/videomae-base as its converter wrote it: VideoMAEForPreTraining of transformers."
    goldenio.write_keys("videomae", notes, {official(key): value for key, value in state.items()})


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    write_keys()
    write("tiny")
    write("full")
