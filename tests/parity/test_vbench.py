"""VBench's transformers against the published code under the deterministic fill; see golden/vbench/README.md."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from avmeter.nets import clip, clip_tokens, dino, umt, viclip
from avmeter.nets.clip import ClipConfig
from avmeter.nets.dino import DinoConfig
from avmeter.nets.multi_head import TowerConfig
from avmeter.nets.umt import UmtConfig
from avmeter.nets.viclip import ViClipConfig
from avmeter.weights import WeightsSource
from avmeter.weights.dummy import fill_network
from golden import goldenio, synth
from support import require
from support.paths import GOLDEN

FOLDER = GOLDEN / "vbench"

# Relative to the largest golden value; the published code in float32 is up to 3e-6 from itself in float64.
STAGE_TOLERANCE = 2e-5

SIZES: Mapping[str, Callable[[], tuple[Any, Any]]] = {
    "dino_tiny": lambda: (dino.build(DinoConfig(dim=48, depth=3, num_heads=2)), dino.KEY_MAP),
    "dino": lambda: (dino.build(), dino.KEY_MAP),
    "clip_tiny": lambda: (
        clip.build(
            ClipConfig(
                embedding_dim=20,
                image=TowerConfig(dim=64, depth=2, num_heads=1),
                text=TowerConfig(dim=64, depth=2, num_heads=1),
                image_size=64,
                patch_size=16,
            )
        ),
        clip.KEY_MAP,
    ),
    "clip_vit_b_32": lambda: (clip.build(clip.VIT_B_32), clip.KEY_MAP),
    "clip_vit_l_14": lambda: (clip.build(clip.VIT_L_14), clip.KEY_MAP),
    "viclip_tiny": lambda: (
        viclip.build(
            ViClipConfig(
                embedding_dim=20,
                video=TowerConfig(dim=64, depth=3, num_heads=2),
                text=TowerConfig(dim=64, depth=2, num_heads=1),
                image_size=64,
                patch_size=16,
            )
        ),
        viclip.KEY_MAP,
    ),
    "viclip": lambda: (viclip.build(), viclip.KEY_MAP),
    "umt_tiny": lambda: (
        umt.build(UmtConfig(dim=48, depth=3, num_heads=2, num_classes=7)),
        umt.KEY_MAP,
    ),
    "umt": lambda: (umt.build(), umt.KEY_MAP),
}


def sizes(family: str) -> list[Any]:
    """Sizes of a network; those that take minutes only where everything is run."""
    return [
        pytest.param(name, marks=() if name.endswith("_tiny") else pytest.mark.full)
        for name in SIZES
        if name.startswith(family)
    ]


@functools.lru_cache(maxsize=1)
def network(size: str) -> Any:
    """A network under the fill; one at a time is in memory."""
    net, keys = SIZES[size]()
    fill_network(net, keys.official)
    return net


@functools.cache
def golden(size: str) -> Mapping[str, np.ndarray]:
    return dict(np.load(FOLDER / f"{size}.npz"))


def pixels(num_frames: int, height: int, width: int) -> Tensor:
    """(T, 3, H, W), as the published network read them."""
    frames = torch.from_numpy(synth.moving_blobs(num_frames, height, width)).permute(0, 3, 1, 2)
    return (frames.float() / 255 - 0.5) / 0.25


def deviation(size: str, stage: str, value: Tensor) -> float:
    return float(goldenio.check(golden(size), stage, value.numpy())[1])


@contextmanager
def compared(size: str, stages: Mapping[str, nn.Module], pick: slice = slice(None)) -> Iterator[dict[str, float]]:
    """Deviations of what these modules give; `pick` of the batch."""
    found: dict[str, float] = {}

    def compare(stage: str, value: Tensor) -> None:
        found[stage] = deviation(size, stage, value[pick])

    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output, stage=stage: compare(stage, output))
        for stage, module in stages.items()
    ]
    yield found
    for hook in hooks:
        hook.remove()
    assert found.keys() == stages.keys()


@torch.no_grad()
@pytest.mark.parametrize(("case", "height", "width"), [("square", 224, 224), ("wide", 224, 398), ("tall", 390, 224)])
@pytest.mark.parametrize("size", sizes("dino"))
def test_dino_agrees_with_the_published_network(size: str, case: str, height: int, width: int) -> None:
    """Of the size of training, and of others, whose positions are interpolated."""
    net, image = network(size), pixels(1, height, width)
    stages = {f"{case}/block0": net.blocks[0], f"{case}/before_last": net.blocks[-2]}
    with compared(size, stages) as deviations:
        out = net(image)
    deviations |= {"embed": deviation(size, f"{case}/embed", net.embed(image))}
    deviations |= {"out": deviation(size, f"{case}/out", out)}
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations


@torch.no_grad()
@pytest.mark.parametrize("size", sizes("clip"))
def test_images_agree_with_the_published_clip(size: str) -> None:
    """Both sizes of patches."""
    net = network(size)
    tower, image = net.image_tower, pixels(2, net.config.image_size, net.config.image_size)
    with compared(size, {"image/block0": tower.blocks[0], "image/before_last": tower.blocks[-2]}) as deviations:
        out = net.image(image)
    deviations |= {"embed": deviation(size, "image/embed", tower.embed(image))}
    deviations |= {"out": deviation(size, "image/out", out)}
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations


TOKENS = json.loads((FOLDER / "tokens.json").read_text())


def ids(key: str, length: int) -> Tensor:
    """Ids of the four texts of the networks' golden data, (4, length)."""
    rows = [np.pad(row[key], (0, length - len(row[key]))) for row in TOKENS[:4]]
    return torch.from_numpy(np.stack(rows))


@torch.no_grad()
@pytest.mark.parametrize("size", sizes("clip"))
def test_texts_agree_with_the_published_clip(size: str) -> None:
    """Short, long and cut off."""
    net = network(size)
    blocks = net.text_tower.blocks
    with compared(size, {"text/block0": blocks[0], "text/last": blocks[-1]}) as deviations:
        out = net.text(ids("clip", net.config.context_length))
    deviations |= {"out": deviation(size, "text/out", out)}
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations


@torch.no_grad()
@pytest.mark.parametrize("size", sizes("viclip"))
def test_videos_agree_with_the_published_viclip(size: str) -> None:
    """Eight frames, over which attention is one."""
    net = network(size)
    tower, video = net.video_tower, pixels(8, net.config.image_size, net.config.image_size)[None]
    with compared(size, {"video/block0": tower.blocks[0], "video/before_last": tower.blocks[-2]}) as deviations:
        out = net.video(video)
    deviations |= {"embed": deviation(size, "video/embed", tower.embed(video))}
    deviations |= {"out": deviation(size, "video/out", out)}
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations


@torch.no_grad()
@pytest.mark.parametrize("size", sizes("viclip"))
def test_texts_agree_with_the_published_viclip(size: str) -> None:
    """Of 32 tokens; stages are of the last text."""
    net = network(size)
    blocks = net.text_tower.blocks
    stages = {"text/block0": blocks[0], "text/last": blocks[-1]}
    with compared(size, stages, slice(3, 4)) as deviations:
        out = net.text(ids("viclip", net.config.context_length))
    deviations |= {"out": deviation(size, "text/out", out)}
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations


@torch.no_grad()
@pytest.mark.parametrize("size", sizes("umt"))
def test_clips_agree_with_the_published_umt(size: str) -> None:
    """Sixteen frames, over which attention is one."""
    net = network(size)
    video = pixels(16, net.config.image_size, net.config.image_size).transpose(0, 1)[None]
    stages = {"clip/block0": net.blocks[0], "clip/last": net.blocks[-1], "clip/pooled": net.fc_norm}
    with compared(size, stages) as deviations:
        out = net(video)
    deviations |= {"embed": deviation(size, "clip/embed", net.embed(video))}
    deviations |= {"out": deviation(size, "clip/out", out)}
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations


@pytest.mark.parametrize(("key", "length"), [("clip", 77), ("viclip", viclip.CONTEXT_LENGTH)])
@pytest.mark.parametrize("row", TOKENS, ids=lambda row: row["text"][:20])
def test_tokens_are_those_of_the_published_tokenizers(row: Mapping[str, Any], key: str, length: int) -> None:
    """Cut off before the end token where a text is too long for the context."""
    require.weights("clip-vocabulary")
    tokens = clip_tokens.ClipTokens(_merges(), length=length)(row["text"])
    found = tokens.ids.tolist()
    assert [i for i in found if i] == row[key]
    assert len(found) == length


@functools.cache
def _merges() -> Any:
    return clip_tokens.read_merges(WeightsSource().path("clip-vocabulary"))
