"""EnCodec's encoder against the published one under the fill; see golden/encodec/README.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.nets import encodec
from golden import fill, goldenio, synth
from support.paths import GOLDEN

TOLERANCE = 2e-5
WAVES = {"1s": 24_000, "uneven": 10_007, "tiny": 5}


@pytest.fixture(scope="module")
def net() -> encodec.Encodec:
    net = encodec.build()
    fill.fill_state_dict(net, rename=encodec.KEY_MAP.official)
    return net


@torch.no_grad()
@pytest.mark.parametrize("case", WAVES)
def test_every_stage_agrees_with_the_published_encoder(net: encodec.Encodec, case: str) -> None:
    """From the first convolution to the frames, for lengths that strides divide, do not divide, and exceed."""
    golden = dict(np.load(GOLDEN / "encodec" / "fill.npz"))
    deviations = {}

    def compare(stage: str, value: torch.Tensor) -> None:
        deviations[stage] = goldenio.check(golden, f"{case}/{stage}", value.numpy())[1]

    stages = {"model0": net.first, "model1": net.blocks[0], "model3": net.steps[0], "model12": net.steps[3]}
    hooks = [
        module.register_forward_hook(lambda _m, _i, output, stage=stage: compare(stage, output))
        for stage, module in stages.items()
    ]
    wave = synth.chirp_noise(encodec.SAMPLE_RATE, 1, seed=9)[: WAVES[case]]
    compare("model15", net(torch.from_numpy(wave)[None]))
    for hook in hooks:
        hook.remove()
    assert deviations.keys() == {*stages, "model15"}
    assert max(deviations.values()) < TOLERANCE, deviations
