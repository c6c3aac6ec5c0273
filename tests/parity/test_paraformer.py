"""Paraformer against the published network under the fill; see golden/paraformer/README.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.dsp.mel import stacked_frames
from avmeter.features.speech.paraformer import read_normalisation
from avmeter.nets import paraformer
from avmeter.nets.paraformer import ParaformerConfig, character_weights
from golden import fill, goldenio, synth
from support.paths import GOLDEN

SMALL = ParaformerConfig(dim=32, hidden_dim=48, encoder_layers=3, decoder_layers=2, vocabulary=40)
CASES = [
    ("small", SMALL, 1e-5),
    pytest.param("full", ParaformerConfig(), 1e-4, marks=pytest.mark.full),
]


def features(num_samples: int) -> torch.Tensor:
    shift, scale = read_normalisation(GOLDEN / "paraformer" / "am.mvn")
    wave = torch.from_numpy(synth.chirp_noise(16_000, 2, seed=7)[:num_samples])
    return (stacked_frames(wave[None]) + shift) * scale


@pytest.mark.parametrize(("name", "num_samples"), [("long", 32_000), ("short", 1_000)])
def test_input_agrees_with_the_published_front_end(name: str, num_samples: int) -> None:
    """Scale, window, bands, frames side by side, both ends, normalisation."""
    golden = dict(np.load(GOLDEN / "paraformer" / "fill.npz"))
    assert goldenio.check(golden, f"features/{name}", features(num_samples)[0].numpy())[1] < 1e-4


@torch.no_grad()
@pytest.mark.parametrize(("name", "config", "tolerance"), CASES)
def test_every_stage_agrees_with_the_published_network(name: str, config: ParaformerConfig, tolerance: float) -> None:
    """The first layer, the encoder, where characters end, their vectors and their logits."""
    golden = dict(np.load(GOLDEN / "paraformer" / "fill.npz"))
    net = paraformer.build(config)
    fill.fill_state_dict(net, rename=paraformer.KEY_MAP.official)
    deviations = {}

    def compare(stage: str, value: torch.Tensor) -> None:
        deviations[stage] = goldenio.check(golden, f"{name}/{stage}", value.numpy())[1]

    net.encoder.layers[0].register_forward_hook(lambda _m, _i, output: compare("layer0", output[0]))
    net.encoder.register_forward_hook(lambda _m, _i, output: compare("heard", output[0]))
    net.predictor.register_forward_hook(lambda _m, _i, output: compare("shares", output))
    net.decoder.register_forward_pre_hook(lambda _m, inputs: compare("vectors", inputs[0][0]))
    compare("logits", net(features(32_000)))
    assert deviations.keys() == {"layer0", "heard", "shares", "vectors", "logits"}
    assert max(deviations.values()) < tolerance, deviations


def test_frames_are_divided_among_characters_where_their_shares_reach_one() -> None:
    """What is beyond one begins the next; a rest counts as a character with the tail's 0.45 only."""
    weights = character_weights(np.array([0.5, 0.75, 0.5, 0.9], np.float32))
    np.testing.assert_allclose(weights, [[0.5, 0.5, 0, 0], [0, 0.25, 0.5, 0.25], [0, 0, 0, 0.65]], atol=1e-6)
    assert character_weights(np.array([0.1, 0.2], np.float32)).shape == (0, 2)
