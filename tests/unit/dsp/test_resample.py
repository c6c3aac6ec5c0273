"""The sinc resampler against its formula, and its bookkeeping; agreement with torchaudio is under parity."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter.dsp.resample import HANN, KAISER_BEST, Kernel, resample, resample_stream
from avmeter.errors import UsageError

RATES = [
    (48000, 16000),
    (16000, 48000),
    (24000, 32000),
    (44100, 16000),
    (11025, 48000),
    (4799, 1600),
    (1600, 1599),
    (3, 1),
]


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def by_definition(wave: Tensor, sample_rate: int, to_rate: int, index: int) -> float:
    """Output point `index`: the sum over all input points, one by one."""
    cutoff = 0.99 * min(sample_rate, to_rate)
    d = torch.arange(len(wave), dtype=torch.float64) / sample_rate - index / to_rate
    t = (d * cutoff).clamp(-6, 6)
    kernel = torch.sinc(t) * torch.cos(t * math.pi / 12) ** 2 * cutoff / sample_rate
    return float((wave.double() * kernel).sum())


@pytest.mark.parametrize(("sample_rate", "to_rate"), RATES)
def test_every_output_point_is_the_windowed_sinc_sum(sample_rate: int, to_rate: int) -> None:
    """First, last and points between agree with the formula, for ratios short, long and irreducible."""
    wave = noise(3001)
    out = resample(wave, sample_rate=sample_rate, to_rate=to_rate)
    assert len(out) == math.ceil(3001 * to_rate / sample_rate)
    for index in {0, 1, len(out) // 3, len(out) // 2, len(out) - 2, len(out) - 1}:
        assert abs(float(out[index]) - by_definition(wave, sample_rate, to_rate, index)) < 2e-7


@pytest.mark.parametrize("num_samples", [1, 2, 31, 95, 96, 97])
@pytest.mark.parametrize(("sample_rate", "to_rate"), RATES)
def test_signal_shorter_than_the_kernel_is_resampled(sample_rate: int, to_rate: int, num_samples: int) -> None:
    """Outside the signal there is silence, and no point is lost or invented."""
    wave = noise(num_samples)
    out = resample(wave, sample_rate=sample_rate, to_rate=to_rate)
    assert len(out) == math.ceil(num_samples * to_rate / sample_rate)
    assert abs(float(out[-1]) - by_definition(wave, sample_rate, to_rate, len(out) - 1)) < 2e-7


def test_long_signal_in_many_blocks_equals_its_pieces() -> None:
    """Where blocks meet nothing is heard."""
    wave = noise(2, 5_000_000)
    whole = resample(wave, sample_rate=48000, to_rate=16000)
    for start in range(0, 4_800_000, 480_000):
        piece = resample(wave[:, start : start + 481_200], sample_rate=48000, to_rate=16000)[:, 200:160_200]
        torch.testing.assert_close(whole[:, start // 3 + 200 : start // 3 + 160_200], piece, rtol=0, atol=2e-7)


def test_tone_keeps_frequency_and_amplitude() -> None:
    """A sine well below both Nyquist frequencies is the same sine at the other rate."""
    seconds = torch.arange(44100, dtype=torch.float64) / 44100
    out = resample(torch.sin(2 * math.pi * 997 * seconds), sample_rate=44100, to_rate=16000)
    expected = torch.sin(2 * math.pi * 997 * torch.arange(16000, dtype=torch.float64) / 16000)
    torch.testing.assert_close(out[100:-100], expected[100:-100], rtol=0, atol=1e-3)


def test_tone_above_the_new_nyquist_frequency_is_removed() -> None:
    """It does not come back as an alias: 12 zero crossings leave -55 dB of it."""
    seconds = torch.arange(48000, dtype=torch.float64) / 48000
    out = resample(torch.sin(2 * math.pi * 12000 * seconds), sample_rate=48000, to_rate=16000)
    assert out[100:-100].abs().max() < 2e-3


def test_equal_rates_give_the_signal_itself() -> None:
    """Nothing is filtered."""
    wave = noise(100)
    assert resample(wave, sample_rate=16000, to_rate=16000) is wave


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(0,), (2, 0), (960,), (2, 960), (3, 2, 960)])
def test_leading_axes_and_dtype_are_kept(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    """Every row is resampled for itself; an empty signal stays empty."""
    waves = noise(*shape).to(dtype)
    out = resample(waves, sample_rate=48000, to_rate=16000)
    assert out.shape == (*shape[:-1], shape[-1] // 3)
    assert out.dtype == dtype
    if waves.numel():
        rows = [resample(row, sample_rate=48000, to_rate=16000) for row in waves.reshape(-1, 960)]
        torch.testing.assert_close(out.reshape(-1, 320), torch.stack(rows))


@pytest.mark.parametrize("rate", [0, -16000, 16000.0, "16000"])
def test_impossible_rate_is_refused(rate: object) -> None:
    """Rates are positive whole numbers of Hz."""
    for rates in ({"sample_rate": rate, "to_rate": 16000}, {"sample_rate": 16000, "to_rate": rate}):
        with pytest.raises(UsageError, match="whole number"):
            resample(noise(10), **rates)  # type: ignore[arg-type]


@pytest.mark.parametrize("kernel", [HANN, KAISER_BEST])
@pytest.mark.parametrize(("sample_rate", "to_rate"), [(44100, 48000), (48000, 16000)])
def test_stream_is_the_whole_however_it_comes(kernel: Kernel, sample_rate: int, to_rate: int) -> None:
    """Blocks of any length, of two channels, and steps that are much shorter than the signal."""
    whole = noise(2, 30_011)
    expected = resample(whole, sample_rate=sample_rate, to_rate=to_rate, kernel=kernel)
    blocks = [b.numpy().T for b in whole.split([1, 9_000, 0, 20_000, 1_010], dim=1)]
    rates = {"sample_rate": sample_rate, "to_rate": to_rate}
    for step in (2_000, 1 << 20):
        found = np.concatenate(list(resample_stream(blocks, **rates, kernel=kernel, block_samples=step)))
        np.testing.assert_allclose(found.T, expected.numpy(), rtol=0, atol=1e-7)
    assert list(resample_stream([], **rates, kernel=kernel, block_samples=100)) == []
