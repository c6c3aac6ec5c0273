"""UTMOSv2 on a small network: draws that stay the same, and what has no speech left."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.dsp import utmosv2 as dsp
from avmeter.errors import SkipCode
from avmeter.features.quality.utmosv2 import Utmosv2Extractor
from avmeter.nets import utmosv2
from avmeter.nets.efficientnet_v2 import EfficientNetConfig, Stage
from avmeter.nets.wavlm import WavLMConfig
from avmeter.weights.dummy import fill_network
from support.extractors import noise

NAME = "audio.utmosv2"
RATE = 16_000
ENCODER = WavLMConfig(
    conv_channels=8, dim=16, hidden_dim=16, num_layers=1, num_heads=2, position_kernel=4, position_groups=2
)
PICTURES = EfficientNetConfig(stem=4, stages=(Stage(kind="fused", count=1, stride=2, expansion=1, channels=4),), head=8)


@functools.cache
def small_network() -> Any:
    net = utmosv2.build(utmosv2.Utmosv2Config(encoder=ENCODER, pictures=PICTURES))
    fill_network(net, utmosv2.KEY_MAP.official)
    return net.requires_grad_(False)


def scored(num_repetitions: int, wave: Any) -> Any:
    evaluator = create_evaluator(
        metrics=[NAME], options={NAME: {"num_repetitions": num_repetitions}}, weights="dummy", device="cpu", store=None
    )
    evaluator._computer.runtime.networks["utmosv2", "utmosv2"] = small_network()
    return evaluator.evaluate(audio=(wave, RATE))[NAME]


def test_repetitions_go_on_drawing_where_the_one_before_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of two draws is that of a single one, whose score thus stays the same; their spread is said."""
    # The spectra themselves are in tests/parity.
    monkeypatch.setattr(dsp, "mel_image", lambda cut, win_length: np.outer(np.full(512, win_length / 4096), cut[:701]))
    one, several = (scored(count, noise(2 * RATE)) for count in (1, 2))
    assert one.details["speech_s"] == 2.0
    assert "mos_std" not in one.details
    half = abs(several.score - one.score)
    assert several.details["mos_std"] == pytest.approx(2**0.5 * half, rel=1e-4)
    assert half > 0


def test_clip_of_which_nothing_is_left_is_skipped() -> None:
    """Quiet speech, as the published program leaves out pauses."""
    skip = scored(1, 0.01 * noise(RATE)).skip
    assert skip.code == SkipCode.SILENT
    assert "takes all of it for pauses" in skip.reason


def test_repetitions_are_part_of_the_identity() -> None:
    """Features of another number of draws are not used."""
    assert Utmosv2Extractor().identity() != Utmosv2Extractor(num_repetitions=5).identity()
