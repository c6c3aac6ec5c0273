"""PLCMOS: the spectrum that its network reads, its listeners, and clips that it cannot judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipError
from avmeter.features.base import get_extractor
from avmeter.features.quality.plcmos import MIN_FRAMES, MIN_SAMPLES, SAMPLE_RATE, listeners, log_power
from avmeter.media import MediaItem
from support import require
from support.extractors import cpu_runtime, noise


def test_spectrum_of_a_tone_peaks_at_its_bin() -> None:
    """1 kHz is bin 32 of 257; a frame every 256 samples and one in front; the power of a Hamming window."""
    wave = np.cos(2 * np.pi * 1000 * np.arange(4096) / SAMPLE_RATE).astype(np.float32)
    spectrum = log_power(wave)
    assert spectrum.shape == (17, 257)
    assert spectrum.dtype == np.float32
    assert set(spectrum[1:-1].argmax(axis=1)) == {32}
    assert spectrum[5, 32] == pytest.approx(2 * np.log(0.54 * 512 / 2) / 20, abs=1e-6)


def test_empty_bins_lie_120_db_below_the_weakest_other_one() -> None:
    """A click in the middle: whole frames before it are empty; silence has -80 dB everywhere."""
    wave = np.zeros(4096, np.float32)
    wave[2048] = 1.0
    spectrum = 20.0 * log_power(wave).astype(np.float64)
    weakest = spectrum[spectrum > spectrum.min() + 1].min()
    assert weakest - spectrum.min() == pytest.approx(12 * np.log(10), abs=1e-4)
    assert log_power(np.zeros(4096, np.float32)) == pytest.approx(-8 * np.log(10) / 20)


def test_listeners_are_the_same_at_every_call() -> None:
    """Fifteen different ones, whatever else draws numbers."""
    first = listeners()
    np.random.default_rng().normal()
    assert first.shape == (15, 64)
    assert len(np.unique(first, axis=0)) == 15
    np.testing.assert_array_equal(listeners(), first)


def test_clip_of_80_ms_is_judged_and_a_shorter_one_is_too_short() -> None:
    """As few frames as the network can pool."""
    require.package("onnxruntime")
    require.weights("plcmos-v2")
    extractor: Any = get_extractor("plcmos")
    (window,) = extractor.windows(MediaItem.from_audio(noise(MIN_SAMPLES), SAMPLE_RATE))
    assert window.inputs["spectrum"].shape == (MIN_FRAMES, 257)
    extractor.load(cpu_runtime())
    (output,) = extractor.run([window], cpu_runtime())
    extractor.unload()
    facts = extractor.pool([output], [window], {}).facts
    assert facts["num_listeners"] == 15
    assert 0 < facts["mos"] < 5
    with pytest.raises(SkipError, match=r"0\.0800 s of sound; PLCMOS needs 0\.080") as caught:
        list(extractor.windows(MediaItem.from_audio(noise(MIN_SAMPLES - 1), SAMPLE_RATE)))
    assert str(caught.value.code) == "too_short"


def test_score_is_the_mean_of_the_listeners() -> None:
    """Their spread and what makes the clip doubtful stand beside it."""
    extractor: Any = get_extractor("plcmos")
    facts = extractor.pool([{"listeners": [3.0, 4.0, 5.0]}], [], {"silent": True}).facts
    assert facts == {"mos": 4.0, "listener_std": pytest.approx(0.8165, abs=1e-4), "num_listeners": 3, "silent": True}
