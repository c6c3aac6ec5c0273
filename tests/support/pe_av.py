"""A PE-AV with every published input size and next to no width, as a folder in the layout of transformers."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn

from avmeter.nets import pe_av
from avmeter.weights.dummy import fill_network
from support import paths

GOLDEN = paths.GOLDEN / "pe_av"
LAYOUT: dict[str, Any] = json.loads((GOLDEN / "layout.json").read_text())
CONFIG = pe_av.PeAvConfig.read(LAYOUT["config"], source="layout.json")
WORDS = ("a", "dog", "barks", "rain", "on", "the", "roof", "far", "away")


@functools.cache
def part(name: str) -> nn.Module:
    """One part, filled."""
    net = pe_av.build(name, CONFIG)
    fill_network(net, pe_av.KEY_MAPS[name].official)
    return net.requires_grad_(False)


def small_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every published name stand for the small size."""
    small = {n: pe_av.Checkpoint(config=CONFIG, num_frames=c.num_frames) for n, c in pe_av.CHECKPOINTS.items()}
    monkeypatch.setattr(pe_av, "CHECKPOINTS", small)


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
