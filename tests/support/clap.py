"""CLAPs with every published input size and next to no width, for tests without weights."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import torch

from avmeter.media import MediaItem
from avmeter.nets import clap
from avmeter.runtime import Runtime
from avmeter.weights.dummy import fill_network
from golden import synth

RATE = 48_000


MODEL = "clap-htsat-fused"


MICROSOFT = "msclap-2023"


SMALL = clap.ClapConfig(
    audio=clap.AudioTowerConfig(dim=8, depths=(1, 1), num_heads=(1, 2), patch_size=16),
    text=clap.TextTowerConfig(vocabulary=300, dim=16, hidden_dim=32, num_layers=1, num_heads=2),
    embedding_dim=12,
)


SMALL_UNFUSED = dataclasses.replace(SMALL, audio=dataclasses.replace(SMALL.audio, fusion=False))


SMALL_MICROSOFT = clap.MsClapConfig(
    audio=SMALL_UNFUSED.audio, text=clap.GptTowerConfig(dim=16, num_layers=1, num_heads=2), embedding_dim=12
)


@functools.cache
def small_network(config: clap.ClapConfig | clap.MsClapConfig = SMALL) -> Any:
    """Return a filled network of a small size."""
    net = clap.build(config)
    fill_network(net, clap.KEY_MAP.official)
    return net.requires_grad_(False)


def put_small_networks(runtime: Runtime) -> None:
    """Small networks where the runtime looks for CLAP's."""
    for model, checkpoint in clap.CHECKPOINTS.items():
        if isinstance(checkpoint.config, clap.MsClapConfig):
            net = small_network(SMALL_MICROSOFT)
        else:
            net = small_network(SMALL if checkpoint.config.audio.fusion else SMALL_UNFUSED)
        runtime.networks["clap", model] = net


def sound(seconds: float, seed: int = 0) -> MediaItem:
    """Return a chirp in noise, of this length."""
    return MediaItem.from_audio(synth.chirp_noise(RATE, seconds, seed=seed), RATE)


def peaked(wave: np.ndarray) -> torch.Tensor:
    """Return a waveform at the peak that CLAP's extractors give it."""
    return torch.from_numpy(synth.peak_normalise(wave))
