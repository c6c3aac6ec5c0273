"""Rebuilds the golden data of VBench's networks and scores by running the published code. See README.md for versions.

    python make.py CHECKOUTS MEDIA [networks|scores|keys|tokens ...]

CHECKOUTS holds the checkouts `clip`, `dino`, `vbench` and `fastvideo`; MEDIA the real clips. Needs torch, torchvision,
timm, einops, Pillow, ftfy and regex. What only packages, downloads or other metrics need is replaced by empty modules.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import types
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import packaging.version
import torch

HERE = Path(__file__).parent
CACHE = tempfile.TemporaryDirectory()
CHECKOUTS, MEDIA = map(Path, sys.argv[1:3])
PARTS = sys.argv[3:] or ["keys", "tokens", "networks", "scores"]


def stub(name, path=None, **attributes):
    """A module with these attributes; with a path, a package whose own `__init__.py` is not run."""
    module = sys.modules[name] = types.ModuleType(name)
    module.__dict__.update(attributes)
    if path is not None:
        module.__path__ = [str(path)]
    return module


sys.path[:0] = [str(HERE.parent), *(str(CHECKOUTS / name) for name in ("clip", "dino", "vbench", "fastvideo"))]
warnings.simplefilter("ignore")
stub("torchvision._meta_registrations")  # of compiled operators that nothing here calls
stub("pkg_resources", packaging=packaging)
stub("vbench", CHECKOUTS / "vbench" / "vbench")
stub("vbench.utils", CACHE_DIR=CACHE.name)
stub("fastvideo", CHECKOUTS / "fastvideo" / "fastvideo")
for room in ("eval", "eval.metrics", "eval.metrics.vbench"):
    stub(f"fastvideo.{room}", CHECKOUTS / "fastvideo" / "fastvideo" / room.replace(".", "/"))
stub("fastvideo.eval.io", CHECKOUTS / "fastvideo" / "fastvideo" / "eval" / "io")
vocabulary = Path(CACHE.name, "ViCLIP", "bpe_simple_vocab_16e6.txt.gz")
vocabulary.parent.mkdir()
vocabulary.symlink_to((CHECKOUTS / "clip" / "clip" / vocabulary.name).resolve())

import clip  # noqa: E402
import clip.model  # noqa: E402
import fill  # noqa: E402
import goldenio  # noqa: E402
import synth  # noqa: E402
import vision_transformer as dino  # noqa: E402
from fastvideo.eval.io.video import load_video  # noqa: E402
from vbench.third_party.umt.models.modeling_finetune import VisionTransformer as Umt  # noqa: E402
from vbench.third_party.ViCLIP.viclip import ViCLIP  # noqa: E402
from vbench.third_party.ViCLIP.viclip_text import CLIP_TEXT  # noqa: E402
from vbench.third_party.ViCLIP import viclip_text  # noqa: E402
from vbench.third_party.ViCLIP.viclip_vision import VisionTransformer as VideoTower  # noqa: E402

# Theirs convert to float32 and back, which is nothing in float32 and in the way of float64.
clip.model.LayerNorm.forward = viclip_text.LayerNorm.forward = torch.nn.LayerNorm.forward

EPS = partial(torch.nn.LayerNorm, eps=1e-6)
LIMIT = 512
TEXTS = [
    "a dog barks",
    "A person is riding a bike",
    "rain on a tin roof, far away; 100% дождь &amp; ветер",
    "the quick brown fox jumps over the lazy dog " * 12,
]
PROMPT = "A person is riding a bike, Van Gogh style"


def clip_net(size):
    sizes = {
        "tiny": (20, 64, 2, 64, 16, 77, 49408, 64, 1, 2),
        "b32": (512, 224, 12, 768, 32, 77, 49408, 512, 8, 12),
        "l14": (768, 224, 24, 1024, 14, 77, 49408, 768, 12, 12),
        "small_b32": (12, 224, 1, 64, 56, 77, 49408, 64, 1, 1),
        "small_l14": (768, 224, 1, 64, 56, 77, 49408, 64, 1, 1),
    }
    return clip.model.CLIP(*sizes[size]).eval()


def dino_net(size):
    if size == "tiny":
        return dino.VisionTransformer(
            patch_size=16, embed_dim=48, depth=3, num_heads=2, mlp_ratio=4, qkv_bias=True, norm_layer=EPS
        ).eval()
    if size == "small":
        return dino.VisionTransformer(
            patch_size=16, embed_dim=16, depth=1, num_heads=2, mlp_ratio=4, qkv_bias=True, norm_layer=EPS
        ).eval()
    return dino.vit_base(patch_size=16, num_classes=0).eval()


def viclip_net(size):
    net = ViCLIP(pretrain=None)
    if size == "tiny":
        net.vision_encoder = VideoTower(64, 16, 64, 3, 2, output_dim=20, num_frames=8)
        net.text_encoder = CLIP_TEXT(20, 32, 49408, 64, 1, 2, 0)
    if size == "small":
        net.vision_encoder = VideoTower(224, 112, 64, 1, 1, output_dim=20, num_frames=8)
        net.text_encoder = CLIP_TEXT(20, 32, 49408, 64, 1, 1, 0)
    for block in net.vision_encoder.transformer.resblocks:  # recomputing is of training
        block.attn_mask = None
    net.vision_encoder.transformer.checkpoint_num = 0
    return net.eval()


def umt_net(size):
    sizes = {"embed_dim": 1024, "depth": 24, "num_heads": 16, "num_classes": 400}
    if size == "tiny":
        sizes = {"embed_dim": 48, "depth": 3, "num_heads": 2, "num_classes": 7}
    if size == "small":
        sizes = {"embed_dim": 16, "depth": 1, "num_heads": 2, "num_classes": 400}
    return Umt(
        patch_size=16, mlp_ratio=4, qkv_bias=True, norm_layer=EPS, all_frames=16, tubelet_size=1,
        use_learnable_pos_emb=False, init_scale=0.001, use_mean_pooling=True, **sizes,
    ).eval()  # fmt: skip


def pixels(num_frames, height, width):
    """(T, 3, H, W) of about unit variance."""
    frames = torch.from_numpy(synth.moving_blobs(num_frames, height, width)).permute(0, 3, 1, 2)
    return (frames.float() / 255 - 0.5) / 0.25


def recorded(modules, run):
    """Outputs of these modules, (stage, (module, is (L, B, D))), and what `run` returns as `out`."""
    seen, hooks = {}, []
    for stage, (module, is_length_first) in modules.items():

        def hook(_m, _i, output, stage=stage, is_length_first=is_length_first):
            seen[stage] = output.transpose(0, 1) if is_length_first else output

        hooks.append(module.register_forward_hook(hook))
    seen["out"] = run()
    for hook in hooks:
        hook.remove()
    return {stage: value.detach().double().numpy() for stage, value in seen.items()}


def filled(net):
    """Under the fill: without what is of the loss, and without UMT's positions, which no checkpoint holds."""
    fill.fill_state_dict(net, skip=(r"^temp$", r"^pos_embed$") if isinstance(net, Umt) else (r"^temp$",))
    return net


def clip_runs(net):
    side = net.visual.input_resolution
    blocks, words = net.visual.transformer.resblocks, net.transformer.resblocks
    image = {"embed": (net.visual.ln_pre, False), "block0": (blocks[0], True), "before_last": (blocks[-2], True)}
    text = {"block0": (words[0], True), "last": (words[-1], True)}
    ids = clip.tokenize(TEXTS, truncate=True)
    dtype = net.text_projection.dtype
    return {
        "image": (image, lambda: net.encode_image(pixels(2, side, side).to(dtype))),
        "text": (text, lambda: net.encode_text(ids)),
    }


def dino_runs(net):
    stages = {"embed": (net.pos_drop, False), "block0": (net.blocks[0], False), "before_last": (net.blocks[-2], False)}
    dtype = net.cls_token.dtype
    sizes = {"square": (224, 224), "wide": (224, 398), "tall": (390, 224)}
    return {name: (stages, lambda size=size: net(pixels(1, *size).to(dtype))) for name, size in sizes.items()}


def viclip_runs(net):
    blocks, words = net.vision_encoder.transformer.resblocks, net.text_encoder.transformer.resblocks
    ln_pre = net.vision_encoder.ln_pre
    video = {"embed": (ln_pre, False), "block0": (blocks[0], True), "before_last": (blocks[-2], True)}
    text = {"block0": (words[0], True), "last": (words[-1], True)}
    side = 14 * 16 if net.vision_encoder.conv1.kernel_size[-1] == 14 else 64
    dtype = net.vision_encoder.proj.dtype
    return {
        "video": (video, lambda: net.encode_vision(pixels(8, side, side)[None].to(dtype), test=True)),
        "text": (text, lambda: torch.cat([net.encode_text(t) for t in TEXTS])),
    }


def umt_runs(net):
    stages = {"embed": (net.pos_drop, False), "block0": (net.blocks[0], False), "last": (net.blocks[-1], False),
              "pooled": (net.fc_norm, False)}  # fmt: skip
    clip_ = pixels(16, *net.patch_embed.img_size).transpose(0, 1)[None].to(net.head.weight.dtype)
    return {"clip": (stages, lambda: net(clip_))}


NETWORKS = {
    "dino_tiny": (dino_net, "tiny", dino_runs),
    "dino": (dino_net, "b16", dino_runs),
    "clip_tiny": (clip_net, "tiny", clip_runs),
    "clip_vit_b_32": (clip_net, "b32", clip_runs),
    "clip_vit_l_14": (clip_net, "l14", clip_runs),
    "viclip_tiny": (viclip_net, "tiny", viclip_runs),
    "viclip": (viclip_net, "l14", viclip_runs),
    "umt_tiny": (umt_net, "tiny", umt_runs),
    "umt": (umt_net, "l16", umt_runs),
}
NOTES = {
    "dino": "Layout of dino_vitbase16_pretrain.pth: the module tree of facebookresearch/dino 7c446df, 150 tensors.",
    "clip_vit_b_32": "Layout of ViT-B-32.pt: the module tree of openai/CLIP d05afc4 and three numbers of its archive.",
    "clip_vit_l_14": "Layout of ViT-L-14.pt: the module tree of openai/CLIP d05afc4 and three numbers of its archive.",
    "viclip": "Layout of ViClip-InternVid-10M-FLT.pth, member `model`: the module tree of Vchitect/VBench 45e79ec.",
    "umt": "Layout of l16_ptk710_ftk710_ftk400_f16_res224.pth: the module tree of Vchitect/VBench 45e79ec as VBench "
    "calls it, less the positions, which the checkpoints lack (OpenGVLab/unmasked_teacher, issue 6).",
}


@torch.no_grad()
def write_network(name):
    """Stages under the fill; says how far float32 is from float64."""
    make, size, runs = NETWORKS[name]
    out, net = {}, filled(make(size))
    found = {case: recorded(*job) for case, job in runs(net).items()}
    net.double()
    for case, job in runs(net).items():
        for stage, exact in recorded(*job).items():
            value = found[case][stage]
            print(name, case, stage, value.shape, f"{np.abs(value - exact).max() / np.abs(exact).max():.1e}", flush=True)
            goldenio.put(out, f"{case}/{stage}", value.astype(np.float32), limit=LIMIT)
    np.savez_compressed(HERE / f"{name}.npz", **out)


def write_keys(name):
    make, size, _ = NETWORKS[name]
    state = dict(make(size).state_dict())
    if name == "umt":
        del state["pos_embed"]
    if name.startswith("clip"):
        state |= {key: torch.tensor(0) for key in ("input_resolution", "context_length", "vocab_size")}
    goldenio.write_keys(name, NOTES[name], state)


def write_tokens():
    """Ids of both tokenizers, without the zeros behind."""
    texts = [*TEXTS, "", "it's\n two  lines", "<b>bold</b> ＦＵＬＬ width", "雨の音 🎵", "word " * 29, "word " * 30, "word " * 31]
    encode = CLIP_TEXT(20, 32, 49408, 64, 1, 1, 0)
    rows = []
    for text in texts:
        of_clip = clip.tokenize([text], truncate=True)[0].tolist()
        of_viclip = encode.tokenize(text, context_length=32)[0].tolist()
        ids = [[i for i in row if i] for row in (of_clip, of_viclip)]
        rows.append({"text": text, "clip": ids[0], "viclip": ids[1]})
    (HERE / "tokens.json").write_text("[\n" + ",\n".join(f" {json.dumps(row)}" for row in rows) + "\n]\n")


def metric(name):
    module = importlib.import_module(f"fastvideo.eval.metrics.vbench.{name}.metric")
    (cls,) = [v for v in vars(module).values() if getattr(v, "name", None) == f"vbench.{name}"]
    return cls()


@torch.no_grad()
def write_scores():
    """Scores of FastVideo's own metrics over small filled networks: of frames in memory, and of a real clip."""
    blobs = torch.from_numpy(synth.moving_blobs(20, 90, 160)).permute(0, 3, 1, 2).float() / 255
    videos = {"blobs": blobs, "ltx2.mp4": load_video(MEDIA / "ltx2.mp4")}
    scores = {name: {} for name in videos}

    def score(name, **attributes):
        made = metric(name)
        made.__dict__.update(attributes)
        for video, frames in videos.items():
            found = made.compute({"video": frames, "text_prompt": PROMPT})
            scores[video][f"vbench.{name}"] = {"score": found.score, **found.details}
            print(name, video, found.score, flush=True)

    score("subject_consistency", _model=filled(dino_net("small")))
    base, viclip = filled(clip_net("small_b32")), filled(viclip_net("small"))
    score("background_consistency", _model=base)
    score("appearance_style", _model=base)
    head = filled(torch.nn.Linear(768, 1))
    score("aesthetic_quality", _clip_model=filled(clip_net("small_l14")), _aesthetic_head=head)
    score("overall_consistency", _model=viclip)
    score("temporal_style", _model=viclip)
    umt = RememberedLogits(filled(umt_net("small")))
    score("human_action", _model=umt)
    for video, logits in zip(videos, umt.logits, strict=True):
        scores[video]["vbench.human_action"]["logits"] = logits
    (HERE / "scores.json").write_text(json.dumps(scores) + "\n")


class RememberedLogits(torch.nn.Module):
    """UMT, and what it gave: the metric keeps the likely actions only."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.logits = []

    def forward(self, clip_):
        out = self.net(clip_)
        self.logits.append(out[0].tolist())
        return out


def main():
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    names = [name for name in NETWORKS if name in PARTS] or list(NETWORKS)
    if "keys" in PARTS:
        for name in NOTES:
            write_keys(name)
    if "tokens" in PARTS:
        write_tokens()
    if "networks" in PARTS or names != list(NETWORKS):
        for name in names:
            write_network(name)
    if "scores" in PARTS:
        write_scores()


if __name__ == "__main__":
    main()
