"""MERT against the published model under the fill; see golden/mert/README.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.features.backbones.mert import standardised
from avmeter.nets import mert
from golden import fill, goldenio, synth
from support.paths import GOLDEN

STATE_TOLERANCE = 1e-4
VALUE_TOLERANCE = 1e-6


@pytest.mark.full
@torch.no_grad()
def test_states_agree_with_the_published_model() -> None:
    """From the waveform to the input of the first layer, and the outputs of the first and the last."""
    golden = dict(np.load(GOLDEN / "mert" / "fill.npz"))
    values = standardised(synth.chirp_noise(mert.SAMPLE_RATE, 1.5, seed=8))
    assert goldenio.check(golden, "values", values)[1] < VALUE_TOLERANCE
    net = mert.build()
    fill.fill_state_dict(net, rename=mert.KEY_MAP.official)
    deviations = {}

    def compare(stage: str, value: torch.Tensor) -> None:
        deviations[stage] = goldenio.check(golden, stage, value.numpy())[1]

    net.position_norm.register_forward_hook(lambda _m, _i, output: compare("layer0", output))
    net.layers[0].register_forward_hook(lambda _m, _i, output: compare("layer1", output))
    compare("layer12", net(torch.from_numpy(values)[None]))
    assert deviations.keys() == {"layer0", "layer1", "layer12"}
    assert max(deviations.values()) < STATE_TOLERANCE, deviations


def test_waveform_is_read_with_mean_0_and_variance_1() -> None:
    """As transformers does it."""
    golden = dict(np.load(GOLDEN / "mert" / "fill.npz"))
    values = standardised(synth.chirp_noise(mert.SAMPLE_RATE, 1.5, seed=8))
    assert goldenio.check(golden, "values", values)[1] < VALUE_TOLERANCE
