"""The score of ViSQOL."""

from __future__ import annotations

import json

import numpy as np
import pytest

from avmeter import create_evaluator
from golden.degraded import degraded, synthetic
from support import require
from support.paths import GOLDEN

RATE = 48_000
NAMES = ["audio.visqol", "audio.visqol@speech"]


def test_clips_have_the_published_scores_in_both_modes() -> None:
    """From sound to the number, side by side; 32 bits where the published program has 64."""
    require.weights("visqol-audio")
    published = json.loads((GOLDEN / "visqol" / "visqol.json").read_text())["audio/synth/dull"]
    sound = synthetic(RATE)
    sides = [(side.astype(np.float32), RATE) for side in (degraded(sound, RATE)["dull"], sound)]
    results = create_evaluator(metrics=NAMES, device="cpu").evaluate(audio=sides[0], reference_audio=sides[1])
    assert results[NAMES[0]].score == pytest.approx(published["mos"], abs=1e-4)
    assert len(results[NAMES[0]].details["bands"]) == 32
    assert len(results[NAMES[1]].details["bands"]) == 21
    assert 1 <= results[NAMES[1]].score <= 5


def test_dummy_weights_are_marked_and_another_duration_is_noted() -> None:
    """A number that means nothing says so; speech has no weights to be dummies."""
    sound = synthetic(RATE).astype(np.float32)
    evaluator = create_evaluator(metrics=NAMES, device="cpu", weights="dummy")
    results = evaluator.evaluate(audio=(sound[: len(sound) // 2], RATE), reference_audio=(sound, RATE))
    assert results[NAMES[0]].dummy
    assert not results[NAMES[1]].dummy
    assert results[NAMES[1]].details["note"] == "1.50 s against 3.00 s: what has no counterpart is left out"
