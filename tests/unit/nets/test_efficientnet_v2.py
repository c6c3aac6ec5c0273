"""EfficientNetV2: sizes, and where padding comes."""

from __future__ import annotations

import torch

from avmeter.nets.efficientnet_v2 import ConvNorm, EfficientNetConfig, EfficientNetV2


@torch.no_grad()
def test_where_the_size_is_halved_padding_comes_after_the_content() -> None:
    """A kernel of ones sums 3 x 3 from each even place on; with a stride of 1 it is centred."""
    for stride, expected in ((2, [9, 6]), (1, [4, 6, 6, 4])):
        layer = ConvNorm(1, 1, 3, stride=stride, active=False).eval()
        layer.conv.weight.fill_(1.0)
        found = layer(torch.ones(1, 1, 4, 4))[0, 0] * (1 + 1e-3) ** 0.5
        assert found[0].round().tolist() == expected


def test_map_is_a_thirty_second_of_the_picture() -> None:
    """As published, 1280 channels of 20 million parameters."""
    net = EfficientNetV2(EfficientNetConfig()).to("meta").eval()
    assert net(torch.empty(1, 3, 64, 96, device="meta")).shape == (1, 1280, 2, 3)
    assert sum(value.numel() for value in net.parameters()) == 20_177_488
