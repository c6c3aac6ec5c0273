"""Stages of AlexNet and VGG16."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets.conv_stages import ALEX, VGG, ConvStages, StagesConfig


@pytest.mark.parametrize("config", [ALEX, VGG])
def test_smallest_picture_leaves_a_pixel_and_a_smaller_one_nothing(config: StagesConfig) -> None:
    """`min_side` is what it says."""
    net = ConvStages(config)
    with torch.no_grad():
        maps = list(net(torch.zeros(1, 3, config.min_side, config.min_side)))
        assert [m.shape[1] for m in maps] == list(config.channels)
        assert maps[-1].shape[2:] == (1, 1)
        with pytest.raises(RuntimeError):
            list(net(torch.zeros(1, 3, config.min_side - 1, config.min_side - 1)))


def test_another_pooling_takes_the_place_of_the_maximum() -> None:
    """Of every maximum, and of nothing else."""
    seen: list[int] = []

    def pool(x: torch.Tensor) -> torch.Tensor:
        seen.append(x.shape[1])
        return x[:, :, ::2, ::2]

    with torch.no_grad():
        list(ConvStages(VGG)(torch.zeros(1, 3, 32, 32), pool))
    assert seen == [64, 128, 256, 512]
