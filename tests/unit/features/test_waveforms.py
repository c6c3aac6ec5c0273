"""How the two protocols read a waveform, and steps that extractors share."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.waveforms import mean_over_windows, protocol_waveform, zero_padded
from avmeter.media import MediaItem
from support.extractors import noise

RATE = 16_000


def read(wave: np.ndarray, protocol: str, **options: float) -> np.ndarray:
    item = MediaItem.from_audio(wave, RATE)
    return np.asarray(protocol_waveform(item, protocol=protocol, sample_rate=RATE, **options)[:])  # type: ignore[arg-type]


def test_fastvideo_normalises_the_peak_of_the_whole_clip() -> None:
    """-1 dBFS, whatever the level was; the offset stays."""
    wave = noise(20 * RATE)
    found = read(wave, "fastvideo")
    assert np.abs(found).max() == pytest.approx(10 ** (-1 / 20), rel=1e-5)
    np.testing.assert_allclose(found, wave * (np.abs(found).max() / np.abs(wave).max()), rtol=1e-4, atol=1e-6)


def test_av_benchmark_removes_the_mean_of_the_clip_and_reads_8_s() -> None:
    """The mean is that of all of it, before the cut; the level stays."""
    wave = noise(20 * RATE) + np.linspace(0, 0.2, 20 * RATE, dtype=np.float32)
    np.testing.assert_allclose(read(wave, "av-benchmark"), (wave - wave.mean())[: 8 * RATE], atol=1e-5)


@pytest.mark.parametrize(("duration_s", "num_samples"), [(5, 80_000), (2.5, 40_000), (30, 320_000)])
def test_av_benchmark_may_read_another_length(duration_s: float, num_samples: int) -> None:
    """At most the clip."""
    assert len(read(noise(20 * RATE), "av-benchmark", duration_s=duration_s)) == num_samples
    assert len(read(noise(20 * RATE), f"av-benchmark@{duration_s}s")) == num_samples


def test_channels_are_averaged_in_both() -> None:
    """Stereo is its mean."""
    stereo = np.stack([noise(RATE, seed=1), noise(RATE, seed=2)])
    for protocol in ("fastvideo", "av-benchmark"):
        np.testing.assert_allclose(read(stereo, protocol), read(stereo.mean(axis=0), protocol), atol=1e-5)


def test_one_sample_far_into_a_clip_is_not_silence() -> None:
    """Silence is looked for in all of it, block by block."""
    wave = np.zeros(2**20 + 10, np.float32)
    with pytest.raises(SkipError, match=f"{len(wave)} samples is zero") as caught:
        read(wave, "fastvideo")
    assert caught.value.code == SkipCode.SILENT
    wave[-1] = 1e-3
    assert read(wave, "fastvideo")[-1] == pytest.approx(10 ** (-1 / 20), rel=1e-5)


def test_padding_is_zeros_behind() -> None:
    """float32 of the length asked for."""
    padded = zero_padded(np.array([1.0, 2.0]), 4)
    assert padded.dtype == np.float32
    assert padded.tolist() == [1, 2, 0, 0]


def test_mean_is_taken_in_float32() -> None:
    """As published: of one output, over windows."""
    mean = mean_over_windows([{"a": np.float32([1, 2]), "b": 0}, {"a": np.float32([3, 5]), "b": 0}], "a")
    assert mean.dtype == np.float32
    assert mean.tolist() == [2, 3.5]
