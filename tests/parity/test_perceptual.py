"""LPIPS and DISTS against lpips 0.1.4 and DISTS_pytorch 0.1; see golden/perceptual/README.md."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from avmeter import create_evaluator
from avmeter.nets import dists, lpips
from avmeter.weights import WeightsSource
from golden import fill, goldenio
from support import require
from support.paths import GOLDEN

FOLDER = GOLDEN / "perceptual"
PUBLISHED = json.loads((FOLDER / "scores.json").read_text())
SIZES = {"small": (64, 80), "odd": (75, 53)}

# Relative to the largest golden value; see the README for what the published float32 is worth.
LPIPS_TOLERANCE = 1e-5
DISTS_TOLERANCE = 1e-4
# Of the trained weights, absolute.
SCORE_TOLERANCE = 1e-5
# Documented by two packages as 0.814015 and 0.814009.
BLACK_AGAINST_WHITE = 0.814012


def pictures(height: int, width: int) -> list[np.ndarray]:
    """As in golden/perceptual/make.py, as frames (H, W, 3) of bytes."""
    rng = np.random.RandomState(5)
    rows, columns = np.mgrid[:height, :width]
    waves = 0.5 + 0.4 * np.stack([np.sin(rows / 5), np.cos(columns / 7), np.sin((rows + columns) / 9)])
    first = np.clip(waves + 0.05 * rng.standard_normal(waves.shape), 0, 1)
    second = np.clip(0.8 * waves + 0.1 * rng.standard_normal(waves.shape), 0, 1)
    return [np.rint(p * 255).astype(np.uint8).transpose(1, 2, 0) for p in (first, second)]


def tensors(size: str) -> list[Tensor]:
    """(1, 3, H, W) from 0 to 1."""
    return [torch.from_numpy(p.transpose(2, 0, 1).copy())[None].float() / 255 for p in pictures(*SIZES[size])]


@torch.no_grad()
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", lpips.CONFIGS)
def test_every_stage_of_lpips_agrees_with_the_published_network(name: str, size: str) -> None:
    """Features, their comparison and the heads, under the fill."""
    golden = dict(np.load(FOLDER / "fill.npz"))
    net = lpips.build(name)
    fill.fill_state_dict(net, rename=lpips.KEY_MAPS[name].official)
    found = net.stage_distances(*(p * 2 - 1 for p in tensors(size))).numpy()
    assert goldenio.check(golden, f"lpips_{name}/{size}", found)[1] < LPIPS_TOLERANCE


@torch.no_grad()
@pytest.mark.parametrize("size", SIZES)
def test_every_stage_of_dists_agrees_with_the_published_network(size: str) -> None:
    """Mean and variance of every channel of every map, and the distance, under the fill."""
    golden = dict(np.load(FOLDER / "fill.npz"))
    net = dists.build()
    fill.fill_state_dict(net, rename=dists.KEY_MAP.official)
    first, second = tensors(size)
    found = {
        "mean": torch.cat([m.mean((2, 3)) for m in net._maps(first)], 1),
        "variance": torch.cat([m.var((2, 3), correction=0) for m in net._maps(second)], 1),
        "distance": net(first, second),
    }
    deviations = {s: goldenio.check(golden, f"dists/{size}/{s}", v.numpy())[1] for s, v in found.items()}
    assert max(deviations.values()) < DISTS_TOLERANCE, deviations


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["lpips_alex", "lpips_vgg", "dists"])
def test_trained_weights_have_the_published_distances(name: str, size: str) -> None:
    """Through the evaluator, of clips whose every frame is one picture."""
    require.weights(*(("dists", "lpips-vgg") if name == "dists" else (name.replace("_", "-"),)))
    generated, reference = (np.stack([p, p]) for p in pictures(*SIZES[size]))
    found = scored(name, generated, reference)
    assert found.details["per_frame"] == pytest.approx([sum(PUBLISHED[f"{name}/{size}"])] * 2, abs=SCORE_TOLERANCE)


@torch.no_grad()
def test_black_against_white_has_the_documented_distance() -> None:
    """AlexNet, 64 x 64 pixels, maps brought to the size of the picture before their mean, as that value was made."""
    require.weights("lpips-alex")
    net = lpips.build("alex")
    lpips.KEY_MAPS["alex"].load(net, WeightsSource().state_dict("lpips-alex"), source="lpips-alex")
    black = torch.full((1, 3, 64, 64), -1.0)
    maps = [functional.interpolate(m, (64, 64), mode="bilinear") for m in net.stage_maps(black, -black)]
    assert float(sum(m.mean() for m in maps)) == pytest.approx(BLACK_AGAINST_WHITE, abs=5e-5)


def scored(name: str, generated: np.ndarray, reference: np.ndarray) -> Any:
    metric, _, net = f"common.{name}".partition("_")
    options = {metric: {"net": net}} if net else {}
    evaluator = create_evaluator(metrics=[metric], device="cpu", options=options)
    return evaluator.evaluate(video=(generated, 10.0), reference=(reference, 10.0))[metric]
