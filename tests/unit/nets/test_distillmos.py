"""Distill-MOS at small size: building, loading, windows, batching, scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter.errors import UsageError
from avmeter.nets import distillmos
from avmeter.nets.distillmos import MAX_HOP_LENGTH, WINDOW_LENGTH, DistillMos, DistillMosConfig
from avmeter.weights.dummy import fill_network
from support.checkpoints import published_keys, unread_keys

SMALL = DistillMosConfig(channels=(4, 4, 6), num_frames=50, dim=12, num_layers=2, num_heads=3)


@pytest.fixture
def net() -> DistillMos:
    net = distillmos.build(SMALL)
    fill_network(net, distillmos.KEY_MAP.official)
    return net


def noise(*scales: float) -> Tensor:
    """Windows of the small network's length, one for each scale."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(len(scales), SMALL.window_length, generator=generator) * torch.tensor(scales)[:, None]


def test_every_official_key_is_read() -> None:
    """120 tensors, the table of positions among them, and none is left over."""
    official = published_keys("distillmos")
    assert len(official) == 120
    assert not unread_keys(distillmos.KEY_MAP, distillmos.build(device="meta"), official)


def test_default_sizes_are_those_of_the_window() -> None:
    """384 frames of 20 ms are 7.68 s, and the convolutions leave 4 bands of 256 channels."""
    config = DistillMosConfig()
    assert config.window_length == WINDOW_LENGTH
    assert config.num_features == 1024


def test_window_of_another_length_is_refused(net: DistillMos) -> None:
    """The positions fit one length only."""
    with pytest.raises(UsageError, match=str(SMALL.window_length)):
        net(torch.zeros(1, SMALL.window_length + 160))


@torch.no_grad()
def test_quality_of_a_window_does_not_depend_on_the_rest_of_the_batch(net: DistillMos) -> None:
    """A window gives the same alone and in company."""
    waveform = noise(1.0, 0.3, 0.01)
    quality = net(waveform)
    assert quality.shape == (3,)
    assert ((quality > 0) & (quality < 1)).all()
    for i in range(3):
        torch.testing.assert_close(net(waveform[i : i + 1])[0], quality[i], rtol=0, atol=1e-6)


@torch.no_grad()
def test_level_does_not_count(net: DistillMos) -> None:
    """Every window is scaled to peak 1; 60 dB less is the same sound."""
    waveform = noise(1.0)
    torch.testing.assert_close(net(waveform), net(waveform / 1000), rtol=0, atol=1e-4)


@torch.no_grad()
def test_silence_has_a_finite_quality(net: DistillMos) -> None:
    """Nothing is divided by zero."""
    assert torch.isfinite(net(noise(0.0))).all()


def test_spectrum_is_compressed_and_keeps_the_phase() -> None:
    """A bin of magnitude m has m^0.3 and the same angle."""
    time_s = torch.arange(3200) / distillmos.SAMPLE_RATE
    tone = torch.cos(2 * torch.pi * 1000 * time_s + 0.7)[None]
    bands = torch.view_as_complex(distillmos.spectrum(tone).permute(0, 2, 3, 1).contiguous())
    assert bands.shape == (1, 161, 20)
    frame = tone[0, 160 - 80 : 160 - 80 + 320] / tone.abs().max()  # the second frame
    expected = torch.fft.rfft(frame * torch.hann_window(320))[20]  # 1000 Hz
    torch.testing.assert_close(bands[0, 20, 1].abs(), expected.abs() ** 0.3, rtol=1e-4, atol=0)
    torch.testing.assert_close(bands[0, 20, 1].angle(), expected.angle(), rtol=0, atol=1e-4)


def test_sizes_that_do_not_fit_are_refused() -> None:
    """Heads must divide the width."""
    with pytest.raises(ValueError, match="multiple of 7 heads"):
        DistillMosConfig(num_heads=7)


@pytest.mark.parametrize(
    ("num_samples", "starts"),
    [
        (1, [0]),
        (WINDOW_LENGTH, [0]),
        (WINDOW_LENGTH + 1, [0, 1]),
        (WINDOW_LENGTH + MAX_HOP_LENGTH, [0, MAX_HOP_LENGTH]),
        (WINDOW_LENGTH + MAX_HOP_LENGTH + 1, [0, 8000, 16001]),
    ],
)
def test_windows_reach_from_beginning_to_end(num_samples: int, starts: list[int]) -> None:
    """One window where it suffices; else evenly spread, at most 1 s apart, the last at the end."""
    assert distillmos.window_starts(num_samples) == starts


def test_clip_score_is_the_mean_on_the_scale_of_opinions() -> None:
    """0 is 1, 1 is 5."""
    assert distillmos.clip_score([0.0]) == 1
    assert distillmos.clip_score([1.0]) == 5
    assert distillmos.clip_score(np.array([0.25, 0.75], np.float32)) == 3


def test_clip_without_windows_has_no_score() -> None:
    """An error, not a number."""
    with pytest.raises(ValueError, match="without windows"):
        distillmos.clip_score([])
