"""Published checkpoints as their lists of keys."""

from __future__ import annotations

import json
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from avmeter.nets.keys import KeyMap
from support.paths import KEYS


def published_keys(network: str) -> dict[str, Tensor]:
    """Return the official state dict of a network, its tensors without values."""
    table = json.loads((KEYS / f"{network}.keys.json").read_text())["keys"]
    return {
        key: torch.empty(entry["shape"], dtype=getattr(torch, entry["dtype"]), device="meta")
        for key, entry in table.items()
    }


def unread_keys(key_map: KeyMap, net: nn.Module, official: Iterable[str]) -> set[str]:
    """Return the official keys that no tensor of `net` is read from."""
    return set(official) - {key_map.official(own) for own in net.state_dict()}
