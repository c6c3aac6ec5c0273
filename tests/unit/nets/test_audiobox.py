"""Audiobox and its WavLM at small size: building, loading, padding, batching, scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter.nets import audiobox, wavlm
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


def test_window_of_ten_seconds_has_499_frames() -> None:
    """The convolutions step by 320 samples."""
    assert WavLMConfig().num_frames(audiobox.WINDOW_LENGTH) == 499


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
def test_padding_does_not_matter_behind_the_group_norm(net: Audiobox) -> None:
    """Frames of padding are neither mixed in, nor attended to, nor averaged: neither their sound nor their number."""
    encoder = net.encoder
    encoder.convs[0].norm = None
    waveform, mask = batch(6400)
    real = int(encoder.real_frames(mask).sum())
    assert real == 20
    means = encoder(waveform, mask)
    # The last real frame reaches over the end of the sound by less than this.
    noisy = waveform.clone()
    noisy[:, 6400 + 400 :] = torch.randn(LENGTH - 6400 - 400)
    torch.testing.assert_close(encoder(noisy, mask), means, rtol=0, atol=1e-5)
    # As many samples to a frame as in the longer window.
    shorter = slice(9800)
    assert int(encoder.real_frames(mask[:, shorter]).sum()) == real
    torch.testing.assert_close(encoder(waveform[:, shorter], mask[:, shorter]), means, rtol=0, atol=1e-5)
    for i, state in enumerate(encoder.states(waveform, mask)):
        torch.testing.assert_close(means[:, i], state[:, :real].mean(1), rtol=0, atol=1e-5)


def test_frame_is_real_if_any_of_its_samples_is() -> None:
    """49 frames of 326 samples: 327 real samples touch two frames; the remainder belongs to no frame."""
    encoder = wavlm.build(SMALL.encoder, device="meta")
    counts = [int(encoder.real_frames(torch.arange(LENGTH)[None] < n).sum()) for n in (1, 326, 327, LENGTH)]
    assert SMALL.encoder.num_frames(LENGTH) == 49
    assert counts == [1, 1, 2, 49]


def test_distance_bands_are_exact_then_logarithmic_then_one() -> None:
    """8 bands a direction: 0 to 3 exact, growing up to 20, later keys in the second half."""
    bias = wavlm.build(SMALL.encoder).relative_bias
    distance = torch.tensor([0, -1, -3, -4, -5, -7, -19, -20, -400, 1, 3, 400])
    assert bias.band(distance).tolist() == [0, 1, 3, 4, 4, 5, 7, 7, 7, 9, 11, 15]


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


def test_sizes_that_do_not_fit_are_refused() -> None:
    """Heads and groups must divide the width."""
    with pytest.raises(ValueError, match="multiple of 5 heads"):
        WavLMConfig(num_heads=5)


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
