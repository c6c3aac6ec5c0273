"""Networks of pictures with the published input sizes and next to no width, for tests through the engine.

DINO, CLIP, ViCLIP and UMT have the sizes of the small networks of `golden/vbench/make.py`, MUSIQ and VideoMAE those of
`golden/musiq/make.py` and `golden/fvd_backbones/make.py`.
"""

from __future__ import annotations

import functools
from typing import Any

from avmeter.nets import clip, dino, musiq, umt, viclip, videomae
from avmeter.nets.clip import ClipConfig
from avmeter.nets.dino import DinoConfig
from avmeter.nets.multi_head import TowerConfig
from avmeter.nets.musiq import MusiqConfig
from avmeter.nets.umt import UmtConfig
from avmeter.nets.viclip import ViClipConfig
from avmeter.nets.videomae import VideoMae, VideoMaeConfig
from avmeter.runtime import Runtime
from avmeter.weights.dummy import fill_network
from support.extractors import cpu_runtime

TOWER = TowerConfig(dim=64, depth=1, num_heads=1)
EMBEDDING_DIM = {"clip-vit-b-32": 12, "clip-vit-l-14": 768, "viclip": 20}


@functools.cache
def clip_tower(model: str, tower: str) -> Any:
    """One tower, filled."""
    config = ClipConfig(towers=(tower,), embedding_dim=EMBEDDING_DIM[model], image=TOWER, text=TOWER, patch_size=56)
    net = clip.build(config)
    fill_network(net, clip.key_map((tower,)).official)
    return net.requires_grad_(False)


@functools.cache
def viclip_tower(tower: str) -> Any:
    """One tower, filled."""
    config = ViClipConfig(
        towers=(tower,), embedding_dim=EMBEDDING_DIM["viclip"], video=TOWER, text=TOWER, patch_size=112
    )
    net = viclip.build(config)
    fill_network(net, viclip.key_map((tower,)).official)
    return net.requires_grad_(False)


@functools.cache
def small_dino() -> Any:
    """The whole network, filled."""
    net = dino.build(DinoConfig(dim=16, depth=1, num_heads=2))
    fill_network(net, dino.KEY_MAP.official)
    return net.requires_grad_(False)


@functools.cache
def small_umt() -> Any:
    """The whole network, filled."""
    net = umt.build(UmtConfig(dim=16, depth=1, num_heads=2))
    fill_network(net, umt.KEY_MAP.official)
    return net.requires_grad_(False)


@functools.cache
def small_musiq() -> Any:
    """The whole network, filled."""
    net = musiq.build(MusiqConfig(dim=24, depth=3, num_heads=2, hidden=40))
    fill_network(net, musiq.KEY_MAP.official)
    return net.requires_grad_(False)


@functools.cache
def small_videomae() -> VideoMae:
    """The whole network, filled."""
    net = videomae.build(VideoMaeConfig(dim=48, depth=2, num_heads=2))
    fill_network(net, videomae.KEY_MAP.official)
    return net.requires_grad_(False)


def put_small_networks(runtime: Runtime) -> None:
    """Small networks where the runtime looks for the published ones."""
    for model in ("clip-vit-b-32", "clip-vit-l-14"):
        for tower in clip.TOWERS:
            runtime.networks[model, tower] = clip_tower(model, tower)
    for tower in viclip.TOWERS:
        runtime.networks["viclip", tower] = viclip_tower(tower)
    runtime.networks["dino_frames", "dino-vit-b-16"] = small_dino()
    runtime.networks["umt", "umt-l-16-kinetics-400"] = small_umt()
    runtime.networks["musiq", "musiq-spaq"] = small_musiq()
    runtime.networks["videomae", "videomae-base"] = small_videomae()


def small_runtime() -> Runtime:
    """A runtime on the CPU with these networks."""
    runtime = cpu_runtime(weights="dummy")
    put_small_networks(runtime)
    return runtime
