"""CLIP and VideoMAE as FastVideo's Fréchet video distance reads them; see golden/fvd_backbones/README.md."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
import pytest
import torch

from avmeter.features.base import get_extractor
from avmeter.features.pixels import IMAGENET, normalised
from avmeter.media import MediaItem
from avmeter.nets import videomae
from avmeter.nets.videomae import VideoMae
from avmeter.weights.dummy import fill_network
from golden import goldenio, synth
from support.extractors import extract, window_extractor
from support.paths import GOLDEN
from support.picture_networks import small_runtime, small_videomae

SHAPES = {"wide": (16, 90, 160), "tall": (16, 301, 230)}
# Relative to the largest golden value; the published float32 is up to 2e-7 from its own float64.
STAGE_TOLERANCE = 2e-5


@functools.lru_cache(maxsize=1)
def network(size: str) -> VideoMae:
    if size == "tiny":
        return small_videomae()
    net = videomae.build()
    fill_network(net, videomae.KEY_MAP.official)
    return net


@functools.cache
def golden(size: str) -> Mapping[str, np.ndarray]:
    return dict(np.load(GOLDEN / "fvd_backbones" / f"{size}.npz"))


def clip_of(case: str) -> MediaItem:
    return MediaItem.from_frames(synth.moving_blobs(*SHAPES[case]), 8.0)


@pytest.mark.parametrize("case", SHAPES)
@pytest.mark.parametrize("size", ["tiny", pytest.param("full", marks=pytest.mark.full)])
@torch.no_grad()
def test_stages_of_videomae_are_those_of_transformers(size: str, case: str) -> None:
    """From the frames: what the first block reads and gives, and the mean of all tokens."""
    net = network(size)
    (window,) = window_extractor("videomae").windows(clip_of(case))
    clip = normalised(torch.from_numpy(window.inputs["clip"])[None], IMAGENET)
    tokens = net.embed(clip)
    stages = {"embed": tokens, "block0": net.blocks[0](tokens), "embedding": net(clip)}
    found = {s: goldenio.check(golden(size), f"videomae/{case}/{s}", v.numpy())[1] for s, v in stages.items()}
    assert max(found.values()) < STAGE_TOLERANCE, found


@pytest.mark.parametrize("case", SHAPES)
def test_embedding_of_clip_is_that_of_fastvideos_extractor(case: str) -> None:
    """Resized as bytes by the image processor of transformers, and the mean over frames."""
    made = extract(get_extractor("clip_video"), clip_of(case), small_runtime())
    name = f"clip/{case}/embedding"
    assert goldenio.check(golden("tiny"), name, made["embedding"][None])[1] < STAGE_TOLERANCE
