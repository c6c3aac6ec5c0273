"""RAFT and AMT at full size under the fill, some of it scaled down as in `golden/motion/make.py`."""

from __future__ import annotations

import functools
import re
from typing import TypeVar

import torch
from torch import nn

from avmeter.nets import amt, raft
from avmeter.nets.keys import KeyMap
from avmeter.runtime import Runtime
from avmeter.weights.dummy import fill_network
from support.extractors import cpu_runtime

N = TypeVar("N", bound=nn.Module)


@functools.cache
def tame_raft() -> raft.Raft:
    """Flows of a few pixels."""
    return _tame(raft.build(), raft.KEY_MAP, r"^update_block\.flow_head\.conv2\.", 0.02)


@functools.cache
def tame_amt() -> amt.Amt:
    """Flows of a few pixels, and frames between black and white."""
    pattern = r"^decoder\d\.convblock\.2\.|^update\d\.flow_head\.2\.|^comb_block\.2\."
    return _tame(amt.build(), amt.KEY_MAP, pattern, 0.1)


def _tame(net: N, keys: KeyMap, pattern: str, factor: float) -> N:
    fill_network(net, keys.official)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if re.search(pattern, name):
                value.mul_(factor)
    return net.requires_grad_(False)


def flow_runtime() -> Runtime:
    """A runtime on the CPU with these networks."""
    runtime = cpu_runtime(weights="dummy")
    put_flow_networks(runtime)
    return runtime


def put_flow_networks(runtime: Runtime) -> None:
    """These networks where the runtime looks for the published ones."""
    runtime.networks[("raft-things",)] = tame_raft()
    runtime.networks["amt_interpolation", "amt-s"] = tame_amt()
