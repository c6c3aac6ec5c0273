"""VGGish against av-benchmark's network under the deterministic fill, stage by stage (golden page: vggish)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from avmeter.dsp.mel import vggish_examples
from avmeter.dsp.resample import resample
from avmeter.nets import vggish
from avmeter.nets.vggish import Vggish
from golden import fill, goldenio, synth
from support.golden_clips import full_golden, ltx2_wave
from support.paths import PORTABLE

PUBLISHED = PORTABLE / "vggish.npz"

# Relative to the largest golden value of the stage; about 10 times the float32 error of the published code itself.
EXAMPLE_TOLERANCE = 1e-6
# The logarithm of magnitudes near 0.01 enlarges what resampling rounds (6e-8 of full scale).
RESAMPLED_EXAMPLE_TOLERANCE = 1e-5
LAYER_TOLERANCE = 1e-4
EMBEDDING_TOLERANCE = 1e-5

INPUTS = {
    "synth": lambda: synth.chirp_noise(16000, 4),
    "zeros_4s": lambda: np.zeros(64000, np.float32),
}


@pytest.fixture(scope="module")
def net() -> Vggish:
    net = vggish.build()
    fill.fill_state_dict(net, rename=vggish.KEY_MAP.official)
    return net


def check(golden: dict[str, np.ndarray], stage: str, value: Tensor, tolerance: float) -> None:
    assert goldenio.check(golden, stage, value.numpy())[1] < tolerance, stage


def check_network(net: Vggish, golden: dict[str, np.ndarray], case: str, examples: Tensor) -> None:
    first = net.features[0]
    convolved = F.conv2d(examples[:, None], first.weight, first.bias, padding=1)
    check(golden, f"{case}/conv0", convolved, LAYER_TOLERANCE)
    features = net.features(examples[:, None])
    check(golden, f"{case}/features", features, LAYER_TOLERANCE)
    check(golden, f"{case}/fc1", net.embeddings[:2](features.permute(0, 2, 3, 1).flatten(1)), LAYER_TOLERANCE)
    check(golden, f"{case}/embedding", net(examples), EMBEDDING_TOLERANCE)


@pytest.mark.parametrize("case", INPUTS)
def test_examples_agree(case: str) -> None:
    """The front end gives the published examples of a chirp and of silence."""
    examples = vggish_examples(torch.from_numpy(INPUTS[case]())[None])[0]
    check(dict(np.load(PUBLISHED)), f"{case}/examples", examples, EXAMPLE_TOLERANCE)


@pytest.mark.parametrize("case", INPUTS)
@torch.no_grad()
def test_every_stage_of_the_network_agrees(net: Vggish, case: str) -> None:
    """First convolution, last pooling, first linear layer and embedding of a chirp and of silence."""
    check_network(net, dict(np.load(PUBLISHED)), case, vggish_examples(torch.from_numpy(INPUTS[case]())[None])[0])


@pytest.mark.media
@torch.no_grad()
def test_every_stage_agrees_on_a_real_clip(net: Vggish) -> None:
    """The same from the file on: channel mean, mean removed, resampled by sinc."""
    golden = full_golden("vggish")
    waves, rate = ltx2_wave()
    mixed = waves.mean(dim=0)
    at_16k = resample(mixed - mixed.mean(), sample_rate=rate, to_rate=16000)
    examples = vggish_examples(at_16k[None])[0]
    check(golden, "ltx2_avb/examples", examples, RESAMPLED_EXAMPLE_TOLERANCE)
    check_network(net, golden, "ltx2_avb", examples)
