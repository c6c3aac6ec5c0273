"""UTMOS22 against SpeechMOS 1.2.0, which runs the published network; see golden/utmos/README.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from avmeter.nets import utmos
from avmeter.nets.utmos import Utmos, UtmosConfig
from avmeter.nets.wavlm import WavLMConfig
from golden import fill, goldenio, synth
from support.paths import GOLDEN

RATE = utmos.SAMPLE_RATE
SMALL = UtmosConfig(
    encoder=WavLMConfig(conv_channels=16, dim=32, hidden_dim=64, num_layers=2, num_heads=4, position_groups=4),
    condition=8,
    lstm=12,
    hidden=20,
)
CONFIGS = {"small": SMALL, "base": UtmosConfig()}

# Relative to the largest golden value; the published code in float32 is up to 6e-6 from itself in float64.
STAGE_TOLERANCE = 5e-5
# Absolute; the published code is within 1e-7.
SCORE_TOLERANCE = 1e-5


def stages(net: Utmos) -> dict[str, nn.Module]:
    encoder = net.encoder
    return {
        "conv": encoder.convs,
        "projected": encoder.project,
        "positioned": encoder.position_norm,
        "layer0": encoder.layers[0],
        "encoder": encoder,
        "lstm": net.lstm,
        "ratings": net.rate,
    }


@torch.no_grad()
@pytest.mark.parametrize(
    ("size", "durations"), [("small", (0.5, 1.0)), pytest.param("base", (1.0, 2.02), marks=pytest.mark.full)]
)
def test_every_stage_agrees_with_the_published_network(size: str, durations: tuple[float, ...]) -> None:
    """From the first convolution to the score; the published size too, in the full run."""
    golden = dict(np.load(GOLDEN / "utmos" / f"{size}.npz"))
    net = utmos.build(CONFIGS[size])
    fill.fill_state_dict(net, rename=utmos.KEY_MAP.official)
    for duration_s in durations:
        case = f"{duration_s:g}s"
        wave = synth.chirp_noise(RATE, duration_s, seed=3)
        assert goldenio.check(golden, f"{case}/wave", wave)[1] == 0
        deviations: dict[str, float] = {}

        def compare(stage: str, output: Tensor, case: str = case, deviations: dict[str, float] = deviations) -> None:
            value = output[0] if isinstance(output, tuple) else output
            deviations[stage] = goldenio.check(golden, f"{case}/{stage}", value.numpy())[1]

        hooks = [
            module.register_forward_hook(lambda _module, _inputs, output, stage=stage, do=compare: do(stage, output))
            for stage, module in stages(net).items()
        ]
        mos = net(torch.from_numpy(wave)[None])
        for hook in hooks:
            hook.remove()
        assert deviations.keys() == stages(net).keys()
        assert max(deviations.values()) < STAGE_TOLERANCE, deviations
        np.testing.assert_allclose(mos, golden[f"{case}/mos"], rtol=0, atol=SCORE_TOLERANCE)
