"""UTMOSv2: every name of its checkpoint has a place."""

from __future__ import annotations

import json

import torch

from avmeter.nets import utmosv2
from support.paths import KEYS


def test_published_keys_load_strictly() -> None:
    """Of both halves, and none is left; what masks frames in training is not read."""
    keys = json.loads((KEYS / "utmosv2.keys.json").read_text())["keys"]
    official = {name: torch.empty(entry["shape"], device="meta") for name, entry in keys.items()}
    utmosv2.KEY_MAP.load(utmosv2.build(device="meta"), official, source="utmosv2.keys.json")
    assert utmosv2.KEY_MAP.official("spectra.networks.2.stages.1.0.reduce.norm.bias") == (
        "spec_long.backbones.2.blocks.1.0.bn2.bias"
    )
