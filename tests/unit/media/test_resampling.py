"""Streamed resampling equals one call over the whole waveform."""

import numpy as np
import pytest
import soxr
import torch

from avmeter.dsp.resample import resample
from avmeter.media import AudioSpec, resampling
from avmeter.media.audio_decode import AudioBlock
from avmeter.media.audio_track import collect_audio_track
from avmeter.media.packets import Losses
from avmeter.media.waveform import render

RATES = [(48_000, 16_000), (44_100, 16_000), (16_000, 48_000), (24_000, 32_000), (11_025, 16_000), (22_050, 44_100)]


def noise(num_samples, num_channels=1, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal((num_samples, num_channels))).astype(np.float32)


def track_of(samples, rate, block=5000):
    channels = {1: ("FC",), 2: ("FL", "FR")}[samples.shape[1]]
    parts = [samples[i : i + block] for i in range(0, len(samples), block)]
    blocks = [AudioBlock(samples=p, sample_rate=rate, channels=channels, time_s=None) for p in parts]
    return collect_audio_track(blocks, Losses(), sample_rate=rate, num_channels=samples.shape[1])


@pytest.mark.parametrize(("native", "rate"), RATES)
@pytest.mark.parametrize("num_samples", [1, 100, 70_001, 200_000])
def test_soxr_by_blocks_equals_one_shot(native, rate, num_samples):
    """Streaming gives every value of libsoxr's HQ, and librosa's length."""
    samples = noise(num_samples)
    found = np.asarray(render(track_of(samples, native), AudioSpec(sample_rate=rate), np.ones(1, np.float32)))
    expected = soxr.resample(samples[:, 0], native, rate, "HQ")
    assert len(found) == -(-num_samples * rate // native)
    shared = min(len(found), len(expected))
    np.testing.assert_array_equal(found[:shared], expected[:shared])
    assert not found[shared:].any()


@pytest.mark.parametrize(("native", "rate"), RATES)
@pytest.mark.parametrize("num_samples", [1, 30_001])
def test_sinc_by_blocks_equals_one_shot(native, rate, num_samples, monkeypatch):
    """Cuts do not show: what blocks give is what the whole waveform gives."""
    monkeypatch.setattr(resampling, "_SINC_BLOCK_SAMPLES", 8192)
    samples = noise(num_samples, 2)
    spec = AudioSpec(sample_rate=rate, resampler="sinc", mixdown="none")
    found = np.asarray(render(track_of(samples, native), spec, np.full(2, 0.5, np.float32)))
    expected = resample(torch.from_numpy(samples.T.copy()), sample_rate=native, to_rate=rate).numpy()
    assert found.shape == expected.shape
    assert found == pytest.approx(expected, abs=1e-7)
