"""MUSIQ against the published PyTorch code under the deterministic fill; see golden/musiq/README.md."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter import create_evaluator
from avmeter.media import MediaItem
from avmeter.nets import musiq
from avmeter.nets.musiq import Musiq
from avmeter.weights.dummy import fill_network
from golden import goldenio, synth
from support import require
from support.paths import GOLDEN
from support.picture_networks import put_small_networks, small_musiq

FOLDER = GOLDEN / "musiq"
CASES = {"wide": (2, 288, 512), "tall": (1, 150, 90), "smaller_than_a_patch": (1, 20, 30)}
# Relative to the largest golden value; the published float32 is up to 3.2e-5 from its own float64, where a flat patch
# is divided by its small deviation.
STAGE_TOLERANCE = 6e-5


@functools.lru_cache(maxsize=1)
def network(size: str) -> Musiq:
    if size == "tiny":
        return small_musiq()
    net = musiq.build()
    fill_network(net, musiq.KEY_MAP.official)
    return net


@functools.cache
def golden(size: str) -> Mapping[str, np.ndarray]:
    return dict(np.load(FOLDER / f"{size}.npz"))


def pixels(num_frames: int, height: int, width: int) -> Tensor:
    return torch.from_numpy(synth.moving_blobs(num_frames, height, width)).permute(0, 3, 1, 2).float() / 255


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", ["tiny", pytest.param("full", marks=pytest.mark.full)])
@torch.no_grad()
def test_stages_are_those_of_the_published_code(size: str, case: str) -> None:
    """Patches, places and scales; the first block, all but the last, and the number that comes out."""
    net, frames = network(size), pixels(*CASES[case])
    x = {"tokens": net.tokens(frames)}
    x["block0"] = net.blocks[0](x["tokens"])
    x["before_last"] = x["block0"]
    for block in net.blocks[1:-1]:
        x["before_last"] = block(x["before_last"])
    x["out"] = net(frames)
    found = {stage: goldenio.check(golden(size), f"{case}/{stage}", value.numpy())[1] for stage, value in x.items()}
    assert max(found.values()) < STAGE_TOLERANCE, found
    assert found["out"] < 2e-5


@pytest.mark.media
@pytest.mark.parametrize("case", ["blobs", "ltx2.mp4"])
def test_ratings_are_those_of_fastvideos_own_metric(case: str) -> None:
    """Over a small network: of frames in memory, and of a real clip, whose longer side is brought to 512."""
    published = json.loads((FOLDER / "scores.json").read_text())[case]
    evaluator = create_evaluator(metrics=["vbench.imaging_quality"], device="cpu", weights="dummy")
    put_small_networks(evaluator._computer.runtime)
    frames = synth.moving_blobs(3, 90, 160) if case == "blobs" else first_frames(require.media(case), 5)
    found = evaluator.evaluate(video=frames, fps=8.0)["vbench.imaging_quality"]
    assert found.details["per_frame_raw"] == pytest.approx(published["per_frame_raw"], abs=2e-5)
    assert found.score == pytest.approx(published["score"], abs=2e-7)


def first_frames(path: Path, count: int) -> np.ndarray:
    """(T, H, W, 3)."""
    with MediaItem.open(path) as clip:
        return np.concatenate([group.copy() for group in clip.frame_groups(range(count), 1, planar=False)])
