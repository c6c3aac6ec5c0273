"""Cnn14 against panns_inference's network under the deterministic fill, stage by stage (golden page: panns)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from avmeter.dsp.mel import panns_logmel
from avmeter.dsp.resample import resample
from avmeter.nets import panns
from avmeter.nets.panns import Cnn14
from golden import fill, goldenio, synth
from support.golden_clips import full_golden, ltx2_wave
from support.paths import PORTABLE

PUBLISHED = PORTABLE / "panns.npz"

# Relative to the largest golden value of the stage; about 10 times the float32 error of the published code itself.
LOGMEL_TOLERANCE = 1e-5
BLOCK_TOLERANCE = 1e-4
OUTPUT_TOLERANCE = 1e-5

INPUTS = {
    "synth": lambda: synth.chirp_noise(16000, 4),
    "zeros_4s": lambda: np.zeros(64000, np.float32),
}


@pytest.fixture(scope="module")
def net() -> Cnn14:
    net = panns.build()
    fill.fill_state_dict(net, rename=panns.KEY_MAP.official)
    return net


def check(golden: dict[str, np.ndarray], stage: str, value: Tensor, tolerance: float) -> None:
    assert goldenio.check(golden, stage, value.numpy())[1] < tolerance, stage


def check_network(net: Cnn14, golden: dict[str, np.ndarray], case: str, logmel: Tensor) -> None:
    check(golden, f"{case}/logmel", logmel.transpose(1, 2)[:, None], LOGMEL_TOLERANCE)
    normalised = net.normalised(logmel[:, None])
    check(golden, f"{case}/bn0", normalised, BLOCK_TOLERANCE)
    check(golden, f"{case}/block1", F.avg_pool2d(net.blocks[0](normalised), 2), BLOCK_TOLERANCE)
    check(golden, f"{case}/block6", net.convolved(normalised), BLOCK_TOLERANCE)
    output = net(logmel[:, None])
    check(golden, f"{case}/embedding", output.embedding[0], OUTPUT_TOLERANCE)
    check(golden, f"{case}/logits", output.logits[0], OUTPUT_TOLERANCE)


@pytest.mark.parametrize("case", INPUTS)
def test_logmel_agrees(case: str) -> None:
    """The front end gives the published log mel of a chirp and of silence."""
    logmel = panns_logmel(torch.from_numpy(INPUTS[case]())[None])
    check(dict(np.load(PUBLISHED)), f"{case}/logmel", logmel.transpose(1, 2)[:, None], LOGMEL_TOLERANCE)


@pytest.mark.parametrize("case", INPUTS)
@torch.no_grad()
def test_every_stage_of_the_network_agrees(net: Cnn14, case: str) -> None:
    """Batch norm, first and last block, embedding and logits of a chirp and of silence."""
    check_network(net, dict(np.load(PUBLISHED)), case, panns_logmel(torch.from_numpy(INPUTS[case]())[None]))


@pytest.mark.media
@torch.no_grad()
def test_every_stage_agrees_on_a_real_clip(net: Cnn14) -> None:
    """The same from the file on: channel mean, mean removed, resampled by sinc."""
    golden = full_golden("panns")
    waves, rate = ltx2_wave()
    mixed = waves.mean(dim=0)
    at_16k = resample(mixed - mixed.mean(), sample_rate=rate, to_rate=16000)
    check_network(net, golden, "ltx2_avb", panns_logmel(at_16k[None]))
