"""A grouped convolution over time as matrix products."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from support.triton_kernels import DEVICE, DTYPES, error, filled, normal, rounding

from avmeter.nets import wavlm  # isort: skip
from avmeter.nets.fused.grouped_convolution import GroupedConvolution  # isort: skip
from avmeter.nets.wavlm import WavLMConfig  # isort: skip


@pytest.mark.parametrize("taps", [7, 8, 1])
@pytest.mark.parametrize("channels", [6, 48])
@pytest.mark.parametrize("dtype", DTYPES)
def test_convolution_with_gelu_is_torchs(taps: int, channels: int, dtype: torch.dtype) -> None:
    """Even and odd numbers of taps; frames that fill no block; channels that are no power of two."""
    dim = 3 * channels
    weight = (normal(dim, channels, taps, seed=1) / (channels * taps) ** 0.5).to(dtype)
    bias, x = normal(dim, seed=2), normal(2, 150, dim, dtype=dtype)
    out = F.conv1d(x.double().transpose(1, 2), weight.double(), bias.double(), padding=taps // 2, groups=3)
    exact = F.gelu(out[..., :150]).transpose(1, 2)
    assert error(GroupedConvolution(weight, bias, dtype=dtype)(x), exact) < 2 * rounding(dtype)


@torch.no_grad()
def test_wavlm_convolves_by_it_with_the_same_states() -> None:
    """The fused encoder is the plain one but for rounding of what the convolution reads."""
    config = WavLMConfig(
        conv_channels=16, dim=32, hidden_dim=64, num_layers=1, num_heads=4, position_kernel=8, position_groups=4,
        num_distance_bands=16, max_distance=20,
    )  # fmt: skip
    net = filled(wavlm.build(config), scale=0.3)
    waveform, mask = normal(2, 8000), torch.ones(2, 8000, dtype=torch.bool, device=DEVICE)
    plain = net(waveform, mask)
    net.fuse(torch.float16)
    assert 0 < error(net(waveform, mask), plain) < rounding(torch.float16)
