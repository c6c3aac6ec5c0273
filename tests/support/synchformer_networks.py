"""Synchformer of a small size."""

from __future__ import annotations

import torch

from avmeter.nets import synchformer
from avmeter.nets.synchformer import Synchformer, SynchformerConfig

SMALL = SynchformerConfig(
    dim=32,
    num_heads=4,
    mlp_ratio=2,
    depth=2,
    num_frames=8,
    image_size=32,
    patch_size=16,
    num_mels=36,
    num_mel_frames=46,
    num_segments=3,
    compare_depth=1,
    compare_num_heads=2,
    num_offsets=5,
)


def small_network() -> Synchformer:
    """Build it, with the same numbers every time."""
    net = synchformer.build(SMALL)
    generator = torch.Generator().manual_seed(0)
    for value in net.state_dict().values():
        value.copy_(0.2 * torch.randn(value.shape, generator=generator))
    return net
