"""FID's Inception against the program that its weights come in; see golden/fid_inception/README.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter.features.video.fid_inception import FidInceptionExtractor
from avmeter.nets import fid_inception
from avmeter.runtime import Runtime
from avmeter.stats.kernel import kernel_inception_distance
from avmeter.weights import WeightsSource
from golden import fill, goldenio
from support import require
from support.paths import GOLDEN

TOLERANCE = 2e-5
STAGES = (
    "conv",
    "conv_2",
    "conv_4",
    "mixed",
    "mixed_2",
    "mixed_3",
    "mixed_4",
    "mixed_7",
    "mixed_8",
    "mixed_9",
    "mixed_10",
)


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(GOLDEN / "fid_inception" / "stages.npz"))


def pictures() -> Tensor:
    """As in golden/fid_inception/make.py."""
    rows, columns = np.mgrid[:299, :299]
    waves = 0.9 * np.stack([np.sin(rows / 20), np.cos(columns / 30), np.sin((rows + columns) / 40)])
    noise = np.random.RandomState(9).uniform(-1, 1, waves.shape)
    return torch.from_numpy(np.stack([waves, noise]).astype(np.float32))


@torch.no_grad()
def test_every_stage_agrees_with_the_published_program(golden: dict[str, np.ndarray]) -> None:
    """Every kind of block, under the fill."""
    net = fid_inception.build()
    fill.fill_state_dict(net, rename=fid_inception.KEY_MAP.official)
    x, deviations = pictures(), {}
    for name, layer in net.body.named_children():
        x = layer(x)
        if name in STAGES:
            deviations[name] = goldenio.check(golden, f"fill/{name}", x.numpy())[1]
    deviations["features"] = goldenio.check(golden, "fill/features", net(pictures()).numpy())[1]
    assert len(deviations) == len(STAGES) + 1
    assert max(deviations.values()) < TOLERANCE, deviations


def loaded() -> FidInceptionExtractor:
    require.weights("fid-inception")
    extractor = FidInceptionExtractor()
    extractor.load(Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource()))
    return extractor


@torch.no_grad()
def test_trained_weights_have_the_published_features(golden: dict[str, np.ndarray]) -> None:
    """Read out of the archive without running it."""
    features = loaded()._net(pictures()).numpy()
    assert goldenio.check(golden, "weights/features", features)[1] < TOLERANCE


@pytest.mark.full
@torch.no_grad()
def test_noise_of_two_ranges_has_the_documented_kernel_distance() -> None:
    """torchmetrics documents 0.0337 with a spread of 0.0023 over subsets of 50, of other random pictures."""
    extractor, rng = loaded(), np.random.default_rng(123)
    sides = []
    for low, high in ((0, 200), (100, 255)):
        frames = torch.from_numpy(rng.integers(low, high, (60, 3, 299, 299)).astype(np.uint8))
        sides.append(torch.cat([extractor.forward({"frame": part})["features"] for part in frames.split(4)]).numpy())
    found = kernel_inception_distance(generated=sides[0], reference=sides[1], subsets=20, subset_size=50)
    assert found.mean == pytest.approx(0.0337, abs=0.006)
