"""WavLM with ECAPA-TDNN against the code that Seed-TTS's evaluation runs; see golden/wavlm_ecapa/README.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from avmeter.nets import wavlm_ecapa
from avmeter.nets.wavlm import WavLMConfig
from avmeter.nets.wavlm_ecapa import WavLMEcapa, WavLMEcapaConfig
from golden import fill, goldenio, synth
from support.paths import GOLDEN

RATE = wavlm_ecapa.SAMPLE_RATE
SMALL = WavLMEcapaConfig(
    encoder=WavLMConfig(
        conv_channels=16, dim=32, hidden_dim=64, num_layers=3, num_heads=4, position_kernel=8, position_groups=4,
        num_distance_bands=16, max_distance=20, norm_first=True, norm_each_conv=True,
    ),
    channels=32,
    embedding=24,
)  # fmt: skip
CONFIGS = {"small": SMALL, "large": WavLMEcapaConfig()}

# Relative to the largest golden value; the published code in float32 is up to 5e-6 from itself in float64.
STAGE_TOLERANCE = 5e-5


def stages(net: WavLMEcapa) -> dict[str, nn.Module]:
    encoder = net.encoder
    return {
        "conv": encoder.convs,
        "projected": encoder.project,
        "layer0": encoder.layers[0],
        "encoder": encoder.position_norm,
        "tdnn": net.tdnn,
        "block0": net.blocks[0],
        "block2": net.blocks[2],
        "pooled": net.pool,
    }


@torch.no_grad()
@pytest.mark.parametrize(
    ("sizes", "durations"), [("small", (2.0,)), pytest.param("large", (1.0, 3.1), marks=pytest.mark.full)]
)
def test_every_stage_agrees_with_the_published_network(sizes: str, durations: tuple[float, ...]) -> None:
    """From the first convolution to the embedding; the published size too, in the full run."""
    golden = dict(np.load(GOLDEN / "wavlm_ecapa" / f"{sizes}.npz"))
    net = wavlm_ecapa.build(CONFIGS[sizes])
    fill.fill_state_dict(net, rename=wavlm_ecapa.KEY_MAP.official)
    for duration_s in durations:
        case = f"{duration_s:g}s"
        wave = synth.chirp_noise(RATE, duration_s, seed=3)
        assert goldenio.check(golden, f"{case}/wave", wave)[1] == 0
        deviations: dict[str, float] = {}

        def compare(stage: str, value: Tensor, case: str = case, deviations: dict[str, float] = deviations) -> None:
            deviations[stage] = goldenio.check(golden, f"{case}/{stage}", value.numpy())[1]

        hooks = [
            module.register_forward_hook(lambda _module, _inputs, output, stage=stage, do=compare: do(stage, output))
            for stage, module in stages(net).items()
        ]
        compare("embedding", net(torch.from_numpy(wave)[None]))
        for hook in hooks:
            hook.remove()
        compare("mixed", net.mixed_states(torch.from_numpy(wave)[None]))
        assert deviations.keys() == {"mixed", "embedding", *stages(net)}
        assert max(deviations.values()) < STAGE_TOLERANCE, deviations
