"""WavLM at small size: frames, padding, relative positions."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets import wavlm
from avmeter.nets.wavlm import WavLM, WavLMConfig

SMALL = WavLMConfig(
    conv_channels=16,
    dim=32,
    hidden_dim=64,
    num_layers=2,
    num_heads=4,
    position_kernel=8,
    position_groups=4,
    num_distance_bands=16,
    max_distance=20,
)
LENGTH = 16000


@pytest.fixture
def encoder() -> WavLM:
    encoder = wavlm.build(SMALL)
    generator = torch.Generator().manual_seed(0)
    for value in encoder.state_dict().values():
        value.copy_(0.3 * torch.randn(value.shape, generator=generator))
    return encoder


def test_window_of_ten_seconds_has_499_frames() -> None:
    """The convolutions step by 320 samples."""
    assert WavLMConfig().num_frames(160_000) == 499


@torch.no_grad()
def test_padding_does_not_matter_behind_the_group_norm(encoder: WavLM) -> None:
    """Frames of padding are neither mixed in, nor attended to, nor averaged: neither their sound nor their number."""
    encoder.convs[0].norm = None
    mask = torch.arange(LENGTH)[None] < 6400
    waveform = torch.randn(1, LENGTH, generator=torch.Generator().manual_seed(1)) * mask
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
    encoder = wavlm.build(SMALL, device="meta")
    counts = [int(encoder.real_frames(torch.arange(LENGTH)[None] < n).sum()) for n in (1, 326, 327, LENGTH)]
    assert SMALL.num_frames(LENGTH) == 49
    assert counts == [1, 1, 2, 49]


def test_distance_bands_are_exact_then_logarithmic_then_one() -> None:
    """8 bands a direction: 0 to 3 exact, growing up to 20, later keys in the second half."""
    bias = wavlm.build(SMALL).relative_bias
    distance = torch.tensor([0, -1, -3, -4, -5, -7, -19, -20, -400, 1, 3, 400])
    assert bias.band(distance).tolist() == [0, 1, 3, 4, 4, 5, 7, 7, 7, 9, 11, 15]


def test_sizes_that_do_not_fit_are_refused() -> None:
    """Heads and groups must divide the width."""
    with pytest.raises(ValueError, match="multiple of 5 heads"):
        WavLMConfig(num_heads=5)
    with pytest.raises(ValueError, match="must be even"):
        WavLMConfig(position_kernel=7)


@torch.no_grad()
def test_there_is_a_mean_for_the_input_of_the_first_layer_and_the_output_of_each(encoder: WavLM) -> None:
    """Two layers, three states, averaged over frames."""
    waveform = torch.randn(2, LENGTH, generator=torch.Generator().manual_seed(1))
    mask = torch.ones(2, LENGTH, dtype=torch.bool)
    means = encoder(waveform, mask)
    assert means.shape == (2, 3, 32)
    expected = torch.stack([state.mean(1) for state in encoder.states(waveform, mask)], dim=1)
    torch.testing.assert_close(means, expected, rtol=0, atol=1e-5)


def test_relative_bias_of_a_short_window_is_the_corner_of_a_long_one(encoder: WavLM) -> None:
    """Only the distance counts; the padding of rows is zero."""
    short, long = encoder.relative_bias(5), encoder.relative_bias(30)
    torch.testing.assert_close(short[:, :5, :5], long[:, :5, :5])
    torch.testing.assert_close(short[:, :5, :5], long[:, 7:12, 7:12])
    assert not short[..., 5:].any()
