"""Audiobox on a small network: windows, weights of ragged ends, batches, and flags of what it cannot hear."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.features.base import get_extractor
from avmeter.media import MediaItem
from avmeter.nets import audiobox
from avmeter.nets.wavlm import WavLMConfig
from avmeter.weights.dummy import fill_network
from golden import synth

NAME = "audio.audiobox_aesthetics"
RATE = 16_000
SMALL = audiobox.AudioboxConfig(
    encoder=WavLMConfig(
        conv_channels=8,
        dim=16,
        hidden_dim=32,
        num_layers=2,
        num_heads=2,
        position_kernel=8,
        position_groups=2,
        num_distance_bands=16,
        max_distance=20,
    ),
    num_head_layers=2,
)


@functools.cache
def small_network() -> Any:
    net = audiobox.build(SMALL)
    fill_network(net, audiobox.KEY_MAP.official)
    return net.requires_grad_(False)


def evaluator(**options: Any) -> Any:
    ev = create_evaluator(metrics=[NAME], weights="dummy", **options)
    ev._computer.runtime.networks["audiobox", "audiobox"] = small_network()
    return ev


def axes(result: Any) -> np.ndarray:
    return np.array([result.details[axis] for axis in audiobox.AXES])


def test_windows_follow_each_other_and_the_last_is_padded() -> None:
    """23 s: 10, 10 and 3 s; the mask marks what is real, and no sample is scaled."""
    wave = synth.chirp_noise(RATE, 23)
    extractor: Any = get_extractor("audiobox")
    windows = list(extractor.windows(MediaItem.from_audio(wave, RATE)))
    assert [(w.start_s, w.duration_s) for w in windows] == [(0, 10), (10, 10), (20, 3)]
    assert [int(w.inputs["mask"].sum()) for w in windows] == [160000, 160000, 48000]
    joined = np.concatenate([w.inputs["waveform"] for w in windows])
    assert np.array_equal(joined[: len(wave)], wave)
    assert not joined[len(wave) :].any()


def test_stereo_is_averaged() -> None:
    """As the published predictor reads files."""
    left, right = (synth.chirp_noise(RATE, 1, seed=i) for i in (1, 2))
    extractor: Any = get_extractor("audiobox")
    (window,) = extractor.windows(MediaItem.from_audio(np.stack([left, right]), RATE))
    np.testing.assert_allclose(window.inputs["waveform"][:RATE], (left + right) / 2, rtol=0, atol=1e-7)


def test_ten_milliseconds_beyond_a_window_hardly_count() -> None:
    """10.01 s scores within 0.02 of its first 10 s: the second window has a thousandth of the weight."""
    wave = synth.chirp_noise(RATE, 10.01, seed=5)
    long, short = evaluator().evaluate(samples=[{"audio": (wave, RATE)}, {"audio": (wave[: 10 * RATE], RATE)}])
    assert long[NAME].details["num_windows"] == 2
    difference = np.abs(axes(long[NAME]) - axes(short[NAME])).max()
    assert 0 < difference < 0.02


@pytest.mark.parametrize(("frequency", "flagged"), [(11_000, True), (9_500, True), (7_000, False), (440, False)])
def test_sound_above_the_networks_band_is_flagged(frequency: float, flagged: bool) -> None:
    """48 kHz with content above 8 kHz only: there is a score, with a warning that it judges nearly nothing."""
    tone = 0.3 * np.sin(2 * np.pi * frequency * np.arange(96_000) / 48_000)
    result = evaluator().evaluate(audio=(tone.astype(np.float32), 48_000))[NAME]
    assert result.score is not None
    assert ("no energy below 8 kHz" in result.details.get("warning", "")) == flagged


@pytest.mark.parametrize("peak", [0.0, 1e-42, 1e-30, 1e-5])
@pytest.mark.parametrize("rate", [RATE, 48_000])
def test_silence_has_a_score_with_a_warning(peak: float, rate: int) -> None:
    """The published network answers to silence; so that set statistics stay comparable it is kept, and named.

    Nothing above one step of 16 bits is silence too, whatever its spectrum.
    """
    wave = peak * np.sin(2 * np.pi * 0.4 * np.arange(rate))
    result = evaluator().evaluate(audio=(wave.astype(np.float32), rate))[NAME]
    assert result.score is not None
    assert "silence" in result.details["warning"]


def test_quiet_clip_is_not_called_silent() -> None:
    """Two steps of 16 bits can be heard by the network, if hardly."""
    wave = 2.0**-14 * np.sin(2 * np.pi * 0.01 * np.arange(RATE))
    result = evaluator().evaluate(audio=(wave.astype(np.float32), RATE))[NAME]
    assert "warning" not in result.details


def test_batch_of_mixed_lengths_equals_single_calls() -> None:
    """Clips of several windows and of one, in any company: the same scores."""
    seconds = (0.1, 0.7, 3, 10, 10.01, 12.5, 21, 5)
    items = [{"audio": (synth.chirp_noise(RATE, s, seed=i), RATE)} for i, s in enumerate(seconds)]
    together = evaluator(batch_size=5).evaluate(samples=items)
    single = evaluator()
    for item, row in zip(items, together, strict=True):
        alone = single.evaluate(samples=[item])[0]
        np.testing.assert_allclose(axes(row[NAME]), axes(alone[NAME]), rtol=0, atol=1e-5)
