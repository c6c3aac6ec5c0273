"""MERT against the published model under the fill; see golden/mert/README.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.features.backbones.mert import standardised
from avmeter.nets import mert
from avmeter.nets.wavlm import WavLMConfig
from golden import fill, goldenio, synth
from support.paths import GOLDEN

STATE_TOLERANCE = 1e-4
VALUE_TOLERANCE = 1e-6
SMALL = WavLMConfig(
    conv_channels=8, dim=32, hidden_dim=48, num_layers=2, num_heads=4, position_kernel=16, position_groups=4,
    norm_first=True,
)  # fmt: skip
CASES = [
    pytest.param("mert", mert.BASE, marks=pytest.mark.full),
    pytest.param("mert-330m", mert.LARGE, marks=pytest.mark.full),
    ("small", SMALL),
]


@torch.no_grad()
@pytest.mark.parametrize(("name", "config"), CASES)
def test_states_agree_with_the_published_model(name: str, config: WavLMConfig) -> None:
    """From the waveform to the input of the first layer, and the outputs of the first and the last."""
    golden = dict(np.load(GOLDEN / "mert" / f"{name}.npz"))
    values = standardised(synth.chirp_noise(mert.SAMPLE_RATE, 1.5, seed=8))
    assert goldenio.check(golden, "values", values)[1] < VALUE_TOLERANCE
    net = mert.build(config)
    fill.fill_state_dict(net, rename=mert.KEY_MAP.official)
    deviations = {}

    def compare(stage: str, value: torch.Tensor) -> None:
        deviations[stage] = goldenio.check(golden, stage, value.numpy())[1]

    net.layers[0].register_forward_pre_hook(lambda _m, inputs: compare("layer0", inputs[0]))
    net.layers[0].register_forward_hook(lambda _m, _i, output: compare("layer1", output))
    last = f"layer{config.num_layers}"
    compare(last, net(torch.from_numpy(values)[None]))
    assert deviations.keys() == {"layer0", "layer1", last}
    assert max(deviations.values()) < STATE_TOLERANCE, deviations
