"""Distill-MOS on a small network: windows, short clips, batches, and flags of what it cannot judge."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.errors import SkipCode
from avmeter.features.base import get_extractor
from avmeter.features.quality.distillmos import WINDOW
from avmeter.media import MediaItem
from avmeter.nets import distillmos
from avmeter.weights.dummy import fill_network
from golden import synth

NAME = "audio.distillmos"
RATE = 16_000
SMALL = distillmos.DistillMosConfig(channels=(2, 2, 2), dim=8, num_layers=1, num_heads=2)


@functools.cache
def small_network() -> Any:
    net = distillmos.build(SMALL)
    fill_network(net, distillmos.KEY_MAP.official)
    return net.requires_grad_(False)


def evaluator(**options: Any) -> Any:
    ev = create_evaluator(metrics=[NAME], weights="dummy", **options)
    ev._computer.runtime.networks["distillmos", "distillmos"] = small_network()
    return ev


def windows(wave: np.ndarray) -> list[Any]:
    extractor: Any = get_extractor("distillmos")
    return list(extractor.windows(MediaItem.from_audio(wave, RATE)))


def test_windows_spread_from_the_beginning_of_a_clip_to_its_end() -> None:
    """10 s: four of 7.68 s, as they are in the clip."""
    wave = synth.chirp_noise(RATE, 10)
    found = windows(wave)
    assert len(found) == 4
    assert {w.duration_s for w in found} == {7.68}
    for window in found:
        start = round(window.start_s * RATE)
        assert np.array_equal(window.inputs["waveform"], wave[start : start + WINDOW])
    assert found[-1].start_s == pytest.approx(10 - 7.68)


def test_short_clip_is_padded_with_zeros() -> None:
    """1 s: one window, zeros behind the sound, and its place tells how much is real."""
    wave = synth.chirp_noise(RATE, 1)
    (window,) = windows(wave)
    assert np.array_equal(window.inputs["waveform"][:RATE], wave)
    assert not window.inputs["waveform"][RATE:].any()
    assert (window.start_s, window.duration_s) == (0, 1)


def test_stereo_is_averaged() -> None:
    """Not one channel alone, as the published reader of files takes."""
    left, right = (synth.chirp_noise(RATE, 1, seed=i) for i in (1, 2))
    (window,) = windows(np.stack([left, right]))
    np.testing.assert_allclose(window.inputs["waveform"][:RATE], (left + right) / 2, rtol=0, atol=1e-7)


@pytest.mark.parametrize(("frequency", "flagged"), [(11_000, True), (440, False)])
def test_sound_above_the_networks_band_is_flagged(frequency: float, flagged: bool) -> None:
    """48 kHz with content above 8 kHz only: there is a score, with a warning that it judges nearly nothing."""
    tone = 0.3 * np.sin(2 * np.pi * frequency * np.arange(96_000) / 48_000)
    result = evaluator().evaluate(audio=(tone.astype(np.float32), 48_000))[NAME]
    assert 1 <= result.score <= 5
    assert ("no energy below 8 kHz" in result.details.get("warning", "")) == flagged


def test_silence_has_a_score_with_a_warning() -> None:
    """The published network answers to silence; the answer is named for what it is."""
    result = evaluator().evaluate(audio=(np.zeros(RATE, np.float32), RATE))[NAME]
    assert 1 <= result.score <= 5
    assert "silence" in result.details["warning"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_clip_that_is_not_finite_is_skipped(value: float) -> None:
    """One such sample would spoil every window that has it."""
    wave = synth.chirp_noise(RATE, 1)
    wave[100] = value
    result = evaluator().evaluate(audio=(wave, RATE))[NAME]
    assert result.score is None
    assert result.skip.code == SkipCode.NON_FINITE


def test_clip_without_samples_is_skipped() -> None:
    """No window, no score."""
    result = evaluator().evaluate(audio=(np.zeros(0, np.float32), RATE))[NAME]
    assert result.skip.code == SkipCode.EMPTY_AUDIO


def test_batch_of_mixed_lengths_equals_single_calls() -> None:
    """Clips of several windows and of one, in any company: the same scores."""
    items = [{"audio": (synth.chirp_noise(RATE, s, seed=i), RATE)} for i, s in enumerate((0.1, 3, 7.68, 7.7, 10))]
    together = evaluator(batch_size=3).evaluate(samples=items)
    single = evaluator()
    for item, row in zip(items, together, strict=True):
        alone = single.evaluate(samples=[item])[0]
        assert row[NAME].score == pytest.approx(alone[NAME].score, abs=1e-5)
