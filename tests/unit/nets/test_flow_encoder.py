"""Encoders of flow networks; their values are compared in tests/parity/test_motion.py."""

from __future__ import annotations

import torch

from avmeter.nets.flow_encoder import BottleneckBlock, FlowEncoder


@torch.no_grad()
def test_maps_are_an_eighth_and_do_not_depend_on_the_rest_of_the_batch() -> None:
    """Channels are normalised over the pixels of one frame."""
    torch.manual_seed(0)
    net = FlowEncoder(BottleneckBlock, (8, 12, 16), 5, "instance").eval()
    frames = torch.randn(3, 3, 32, 40)
    maps = net(frames)
    assert maps.shape == (3, 5, 4, 5)
    torch.testing.assert_close(net(frames[1:2]), maps[1:2])
