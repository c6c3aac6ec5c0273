"""SoundNet against the published graph; see golden/soundnet/README.md."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.nets import soundnet
from avmeter.weights import WeightsSource
from golden import fill, goldenio, synth
from support import require
from support.paths import GOLDEN

# Relative to the largest golden value; see the README.
STAGE_TOLERANCE = 1e-5
TRAINED_TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(GOLDEN / "soundnet" / "fill.npz"))


@pytest.fixture(scope="module")
def waveform() -> torch.Tensor:
    return 256 * torch.from_numpy(synth.chirp_noise(soundnet.SAMPLE_RATE, 20, seed=6))[None]


@torch.no_grad()
def test_every_layer_agrees_with_the_published_graph(golden: dict[str, np.ndarray], waveform: torch.Tensor) -> None:
    """Seven convolutions and both heads, under the fill."""
    net = soundnet.build()
    fill.fill_state_dict(net, rename=soundnet.KEY_MAP.official)
    deviations = {}

    def compare(stage: str, value: torch.Tensor) -> None:
        deviations[stage] = goldenio.check(golden, f"fill/{stage}", value.numpy())[1]

    for i, layer in enumerate(net.layers):
        layer.register_forward_hook(lambda _m, _i, output, i=i: compare(f"conv{i + 1}", output[..., 0]))
    _, objects, scenes = net(waveform)
    compare("objects", objects)
    compare("scenes", scenes)
    assert len(deviations) == 9
    assert max(deviations.values()) < STAGE_TOLERANCE, deviations


@torch.no_grad()
def test_trained_weights_give_the_published_logits(golden: dict[str, np.ndarray], waveform: torch.Tensor) -> None:
    """Every tensor of the file lies where the published program puts it."""
    require.weights("soundnet")
    net = soundnet.build()
    soundnet.KEY_MAP.load(net, WeightsSource.parse("auto").state_dict("soundnet"), source="soundnet")
    _, objects, scenes = (steps.mean(dim=2)[0].numpy() for steps in net(waveform))
    for name, found in (("objects", objects), ("scenes", scenes)):
        published = golden[f"trained/{name}"]
        assert np.abs(found - published).max() < TRAINED_TOLERANCE * np.abs(published).max()
