"""Audiobox Aesthetics against the published implementation under the deterministic fill (golden page: audiobox)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from avmeter.nets import audiobox
from avmeter.nets.audiobox import WINDOW_LENGTH, Audiobox
from golden import fill, goldenio, synth
from support.paths import PORTABLE

PUBLISHED = PORTABLE / "audiobox.npz"

# Relative to the largest golden value; the published code in float32 is 1e-6 to 2.5e-6 from itself in float64.
STAGE_TOLERANCE = 1e-4
# Absolute; the published code is within 7e-7 and 1.4e-6.
RAW_TOLERANCE = 5e-6
SCORE_TOLERANCE = 1e-5

WAVES = {
    "synth_1s": lambda: synth.chirp_noise(16000, 1, seed=3),
    "synth_10s": lambda: synth.chirp_noise(16000, 10),
    "synth_23s": lambda: synth.chirp_noise(16000, 23, seed=2),
    "zeros_10s": lambda: np.zeros(160000, dtype=np.float32),
}


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(PUBLISHED))


@pytest.fixture(scope="module")
def net() -> Audiobox:
    net = audiobox.build()
    fill.fill_state_dict(net, rename=audiobox.KEY_MAP.official)
    return net


def windows(wave: np.ndarray) -> tuple[Tensor, Tensor]:
    """Windows (W, 160000) and which of their samples are real."""
    count = -(-len(wave) // WINDOW_LENGTH)
    padded = torch.zeros(count * WINDOW_LENGTH)
    padded[: len(wave)] = torch.from_numpy(wave)
    mask = torch.arange(len(padded)) < len(wave)
    return padded.view(count, -1), mask.view(count, -1)


def stages(net: Audiobox) -> dict[str, nn.Module]:
    encoder = net.encoder
    return {
        "conv": encoder.convs,
        "conv_ln": encoder.conv_norm,
        "proj": encoder.project,
        "enc_in": encoder.position_norm,
        "layer0": encoder.layers[0],
        "layer11": encoder.layers[11],
    }


@torch.no_grad()
@pytest.mark.parametrize(
    "case", ["synth_1s", *(pytest.param(c, marks=pytest.mark.full) for c in ("synth_10s", "synth_23s", "zeros_10s"))]
)
def test_every_stage_agrees_with_the_published_network(golden: dict[str, np.ndarray], net: Audiobox, case: str) -> None:
    """From the first convolution to the four scores, for full, padded, several and silent windows."""
    wave = WAVES[case]()
    assert goldenio.check(golden, f"{case}/wave16k", wave)[1] == 0
    deviations: dict[str, float] = {}

    def compare(stage: str, value: Tensor) -> None:
        deviations[stage] = goldenio.check(golden, f"{case}/{stage}", value.numpy())[1]

    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output, stage=stage: compare(stage, output))
        for stage, module in stages(net).items()
    ]
    waveform, mask = windows(wave)
    raw = net(waveform, mask).numpy()
    for hook in hooks:
        hook.remove()

    assert deviations.keys() == stages(net).keys()
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations
    num_real = mask.sum(-1).numpy()
    np.testing.assert_allclose(num_real / WINDOW_LENGTH, golden[f"{case}/window_weights"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(raw.T, golden[f"{case}/raw"], rtol=0, atol=RAW_TOLERANCE)
    scores = audiobox.clip_scores(raw, num_real)
    np.testing.assert_allclose(scores, golden[f"{case}/scores"], rtol=0, atol=SCORE_TOLERANCE)
