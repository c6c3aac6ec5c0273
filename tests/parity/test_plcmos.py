"""PLCMOS against speechmos 0.0.1.1, which runs the same network; see golden/README.md."""

from __future__ import annotations

import json

import numpy as np
import pytest

from avmeter import Evaluator, create_evaluator
from avmeter.media import AudioSpec, MediaItem
from golden import synth
from support import require
from support.paths import GOLDEN

require.package("onnxruntime")

RATE = 16_000
PUBLISHED = json.loads((GOLDEN / "plcmos.json").read_text())


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    require.weights("plcmos-v2")
    return create_evaluator(metrics=["audio.plcmos"], device="cpu")


def check(evaluator: Evaluator, wave: np.ndarray, case: str) -> None:
    assert len(wave) == PUBLISHED[case]["num_samples"]
    score = evaluator.evaluate(audio=(wave, RATE))["audio.plcmos"].score
    assert score == pytest.approx(PUBLISHED[case]["plcmos"], abs=1e-3)


@pytest.mark.media
@pytest.mark.parametrize("name", ["ltx2.wav", "3qesirWAGt4_20000_30000.mp4", "ZYc410CE4Rg_0_10000.mp4"])
def test_real_clips_have_the_published_score(evaluator: Evaluator, name: str) -> None:
    """Speech, and two clips without."""
    wave = np.array(MediaItem.open(require.media(name)).audio(AudioSpec(sample_rate=RATE))[:])
    check(evaluator, 0.5 * wave, name)


def test_synthetic_sound_has_the_published_score(evaluator: Evaluator) -> None:
    """With the listeners that the published program draws from the same seed."""
    check(evaluator, synth.chirp_noise(RATE, 12), "synth")
