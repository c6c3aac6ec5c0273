"""Building a network whose parameters are filled afterwards: no time and no random numbers go into initial values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

N = TypeVar("N", bound=nn.Module)


def empty_network(make: Callable[[], N], *, device: torch.device | str = "cpu") -> N:
    """Build a network in evaluation mode whose parameters are uninitialised memory: load or fill them.

    Nothing is drawn at random, so building takes milliseconds. Running statistics of batch norms are those of a new
    network (mean 0, variance 1); other buffers are uninitialised too.

    Args:
        make: Constructs the network on the current default device.
        device: Where its memory lies.
    """
    with torch.device("meta"):
        net = make()
    net.to_empty(device=device)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            module.reset_running_stats()
    return net.eval()
