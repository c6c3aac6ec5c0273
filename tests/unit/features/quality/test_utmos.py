"""UTMOS on a small network: whole clips, long and short ones, and flags of what it cannot judge."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
import torch

from avmeter import create_evaluator
from avmeter.errors import SkipCode
from avmeter.nets import utmos
from avmeter.nets.wavlm import WavLMConfig
from avmeter.weights.dummy import fill_network
from support.extractors import noise

NAME = "audio.utmos"
RATE = 16_000
ENCODER = WavLMConfig(
    conv_channels=8, dim=16, hidden_dim=16, num_layers=1, num_heads=2, position_kernel=4, position_groups=2
)


@functools.cache
def small_network() -> Any:
    net = utmos.build(utmos.UtmosConfig(encoder=ENCODER, condition=4, lstm=6, hidden=8))
    fill_network(net, utmos.KEY_MAP.official)
    return net.requires_grad_(False)


@pytest.fixture(scope="module")
def evaluator() -> Any:
    ev = create_evaluator(metrics=[NAME], weights="dummy", device="cpu")
    ev._computer.runtime.networks["utmos", "utmos22"] = small_network()
    return ev


def test_clip_is_scored_whole(evaluator: Any) -> None:
    """As the network scores it, without padding, and marked as of stand-in weights."""
    wave = noise(RATE)
    result = evaluator.evaluate(audio=(wave, RATE))[NAME]
    assert result.score == pytest.approx(small_network()(torch.from_numpy(wave)[None]).item(), abs=1e-5)
    assert result.details == {"mos": result.score, "num_windows": 1, "weights": "dummy weights"}
    assert result.dummy


def test_long_clip_is_averaged_over_pieces_by_duration(evaluator: Any) -> None:
    """33 s: 30 s and 3 s, which weigh a tenth."""
    wave = noise(33 * RATE)
    first, rest = (small_network()(torch.from_numpy(w)[None]).item() for w in (wave[: 30 * RATE], wave[30 * RATE :]))
    result = evaluator.evaluate(audio=(wave, RATE))[NAME]
    assert result.score == pytest.approx((30 * first + 3 * rest) / 33, abs=1e-5)
    assert result.details["num_windows"] == 2


def test_clip_too_short_for_a_frame_is_skipped(evaluator: Any) -> None:
    """25 ms have a score, less has none."""
    assert evaluator.evaluate(audio=(noise(utmos.MIN_SAMPLES), RATE))[NAME].score is not None
    skip = evaluator.evaluate(audio=(noise(utmos.MIN_SAMPLES - 1), RATE))[NAME].skip
    assert skip.code == SkipCode.TOO_SHORT
    assert "UTMOS needs 0.025 s" in skip.reason


def test_silence_has_a_score_with_a_warning(evaluator: Any) -> None:
    """The published network answers to silence; the answer is named for what it is."""
    result = evaluator.evaluate(audio=(np.zeros(RATE, np.float32), RATE))[NAME]
    assert "silence" in result.details["warning"]
