"""Audiobox at small size: building, loading, batching, scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter.nets import audiobox
from avmeter.nets.audiobox import AXES, Audiobox, AudioboxConfig
from avmeter.nets.wavlm import WavLMConfig
from support.checkpoints import published_keys, unread_keys

SMALL = AudioboxConfig(
    encoder=WavLMConfig(
        conv_channels=16,
        dim=32,
        hidden_dim=64,
        num_layers=2,
        num_heads=4,
        position_kernel=8,
        position_groups=4,
        num_distance_bands=16,
        max_distance=20,
    ),
    num_head_layers=2,
)
LENGTH = 16000


@pytest.fixture(scope="module")
def official() -> dict[str, Tensor]:
    return published_keys("audiobox")


@pytest.fixture
def net() -> Audiobox:
    net = audiobox.build(SMALL)
    generator = torch.Generator().manual_seed(0)
    for value in net.state_dict().values():
        value.copy_(0.3 * torch.randn(value.shape, generator=generator))
    return net


def batch(*lengths: int) -> tuple[Tensor, Tensor]:
    """Noise of these lengths, padded with zeros to `LENGTH`, and its mask."""
    generator = torch.Generator().manual_seed(1)
    mask = torch.arange(LENGTH) < torch.tensor(lengths)[:, None]
    return torch.randn(len(lengths), LENGTH, generator=generator) * mask, mask


def test_official_checkpoint_loads_strictly(official: dict[str, Tensor]) -> None:
    """All 324 official keys have a place, but for the one that inference never reads."""
    assert len(official) == 324
    audiobox.KEY_MAP.load(audiobox.build(device="meta"), official, source="keys.json")
    unread = unread_keys(audiobox.KEY_MAP, audiobox.build(device="meta"), official)
    assert unread == {"wavlm_model.mask_emb"}


@torch.no_grad()
def test_scores_of_a_window_do_not_depend_on_the_rest_of_the_batch(net: Audiobox) -> None:
    """A window gives the same alone and among longer and shorter ones."""
    waveform, mask = batch(LENGTH, 5000, 900)
    raw = net(waveform, mask)
    assert raw.shape == (3, 4)
    assert (raw[0] - raw[1]).abs().max() > 1e-3
    for i in range(3):
        torch.testing.assert_close(net(waveform[i : i + 1], mask[i : i + 1])[0], raw[i], rtol=0, atol=1e-5)


@torch.no_grad()
def test_lower_precision_stays_near_float32(net: Audiobox) -> None:
    """Weights in bfloat16 and autocast give finite judgements of about the same value."""
    waveform, mask = batch(LENGTH, 5000)
    exact = net(waveform, mask)
    with torch.autocast("cpu", torch.bfloat16):
        assert (net(waveform, mask) - exact).norm() < 0.1 * exact.norm()
    assert (net.to(torch.bfloat16)(waveform.bfloat16(), mask).float() - exact).norm() < 0.1 * exact.norm()


def test_building_draws_no_random_numbers() -> None:
    """The global generator is where it was."""
    before = torch.get_rng_state()
    audiobox.build(SMALL)
    assert torch.equal(before, torch.get_rng_state())


def test_clip_score_weights_windows_by_their_real_samples() -> None:
    """Three windows of 1, 1 and 0.3: the mean of the shifted judgements with those weights."""
    raw = np.array([[0.0] * 4, [1.0] * 4, [10.0] * 4])
    scores = audiobox.clip_scores(raw, [160000, 160000, 48000])
    expected = [axis.mean + axis.std * (1 + 3) / 2.3 for axis in AXES.values()]
    np.testing.assert_allclose(scores, expected, rtol=1e-12)


def test_ten_milliseconds_more_barely_move_a_clip_score() -> None:
    """A second window of 160 samples has 1/1000 of the weight of the first."""
    one = audiobox.clip_scores([[0.5] * 4], [160000])
    two = audiobox.clip_scores([[0.5] * 4, [5.0] * 4], [160000, 160])
    assert np.abs(two - one).max() < 0.02


@pytest.mark.parametrize(("rows", "lengths"), [(0, []), (1, [0]), (2, [160000])])
def test_clip_without_real_windows_has_no_score(rows: int, lengths: list[int]) -> None:
    """No window, an empty window or a length too few is an error, not a number."""
    with pytest.raises(ValueError, match="positive lengths"):
        audiobox.clip_scores(np.zeros((rows, 4)), lengths)
