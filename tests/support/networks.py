"""ImageBind and Synchformer with the published input sizes and next to no width, for tests through the engine."""

from __future__ import annotations

import functools
from typing import Any

from avmeter.nets import imagebind, synchformer
from avmeter.nets.imagebind import ImageBindConfig
from avmeter.nets.multi_head import TowerConfig
from avmeter.nets.synchformer import SynchformerConfig
from avmeter.runtime import Runtime
from avmeter.weights.dummy import fill_network

EMBEDDING_DIM = 24


@functools.cache
def imagebind_tower(tower: str) -> Any:
    """One tower, filled."""
    config = ImageBindConfig(
        towers=(tower,),
        embedding_dim=EMBEDDING_DIM,
        vision=TowerConfig(dim=32, depth=1, num_heads=2),
        audio=TowerConfig(dim=16, depth=1, num_heads=2),
        text=TowerConfig(dim=16, depth=1, num_heads=2),
        patch_size=56,
        mel_patch_stride=16,
    )
    net = imagebind.build(config)
    fill_network(net, imagebind.key_map((tower,)).official)
    return net.requires_grad_(False)


@functools.cache
def synchformer_part(part: str) -> Any:
    """One part, filled."""
    config = SynchformerConfig(
        parts=(part,), dim=32, num_heads=2, mlp_ratio=1, depth=1, patch_size=112, compare_depth=1, compare_num_heads=2
    )
    net = synchformer.build(config)
    fill_network(net, synchformer.key_map((part,)).official)
    return net.requires_grad_(False)


def put_small_networks(runtime: Runtime) -> None:
    """Small networks where the runtime looks for the published ones."""
    for tower in imagebind.TOWERS:
        runtime.networks["imagebind", tower] = imagebind_tower(tower)
    for part in synchformer.PARTS:
        runtime.networks["synchformer", part] = synchformer_part(part)
