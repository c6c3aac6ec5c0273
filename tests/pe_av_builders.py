"""A PE-AV with every published input size and next to no width, as a folder in the layout of transformers."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn

from avmeter.features import _pe_av
from avmeter.features.base import Runtime
from avmeter.nets import pe_av
from avmeter.weights.dummy import fill_network

GOLDEN = Path(__file__).parent / "golden" / "pe_av"
LAYOUT: dict[str, Any] = json.loads((GOLDEN / "layout.json").read_text())
CONFIG = pe_av.PeAvConfig.read(LAYOUT["config"], source="layout.json")
WORDS = ("a", "dog", "barks", "rain", "on", "the", "roof", "far", "away")


@functools.cache
def part(name: str) -> nn.Module:
    """One part, filled."""
    net = pe_av.build(name, CONFIG)
    fill_network(net, pe_av.KEY_MAPS[name].official)
    return net.requires_grad_(False)


def put_small_networks(runtime: Runtime, model: str) -> None:
    """Let extractors of `model` find the small parts instead of building it at its size."""
    for name in pe_av.PARTS:
        runtime.networks[_pe_av.network_key(name, model)] = part(name)


def write_checkpoint(folder: Path, *, num_frames: int | None = None) -> Path:
    """`config.json`, `model.safetensors`, `tokenizer.json` and, with `num_frames`, what asks for that many frames."""
    folder.mkdir(parents=True, exist_ok=True)
    state: dict[str, torch.Tensor] = {}
    for name, keys in pe_av.KEY_MAPS.items():
        state |= {keys.official(own): tensor.contiguous() for own, tensor in part(name).state_dict().items()}
    save_file(state, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(LAYOUT["config"]))
    tokenizer = Tokenizer(models.WordLevel({"?": 4, **{w: i + 5 for i, w in enumerate(WORDS)}}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    if num_frames:
        wanted = {"do_sample_frames": True, "num_frames": num_frames}
        (folder / "video_preprocessor_config.json").write_text(json.dumps(wanted))
    return folder
