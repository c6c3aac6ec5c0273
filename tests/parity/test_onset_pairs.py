"""Onset accuracy, onset AP and AA-Align against the published scripts; see golden/onset_pairs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.metrics.onset_matching import suppress_neighbours
from golden.foley import RATE, pairs
from support.paths import GOLDEN

PUBLISHED = json.loads((GOLDEN / "onset_pairs" / "onset_pairs.json").read_text())
SUPPRESSED = json.loads((GOLDEN / "onset_pairs" / "suppressed.json").read_text())
NAMES = ["audio.onset_accuracy", "audio.onset_ap", "audio.aa_align"]


def test_scores_are_those_of_the_published_scripts() -> None:
    """From sound to the number, of every pair."""
    made = pairs()
    assert made.keys() == PUBLISHED.keys()
    samples = [
        {"id": name, "audio": (generated, RATE), "reference_audio": (reference, RATE)}
        for name, (generated, reference) in made.items()
    ]
    for results, expected in zip(
        create_evaluator(metrics=NAMES, device="cpu").evaluate(samples=samples), PUBLISHED.values(), strict=True
    ):
        accuracy, ap, aligned = (results[name] for name in NAMES)
        assert accuracy.score == expected["accuracy"]
        assert accuracy.details["hit_rate"] == pytest.approx(expected["hit_rate"])
        assert accuracy.details["num_onsets"] == len(expected["generated_s"])
        assert ap.score == pytest.approx(expected["ap"], abs=1e-6)
        assert aligned.details["published_score"] == pytest.approx(expected["aa_align"])
        assert aligned.score <= aligned.details["published_score"] + 1e-12


def test_onsets_that_suppress_each_other_are_those_of_the_published_script() -> None:
    """Neighbours on either side included."""
    for times, confidence, left in SUPPRESSED:
        onsets = np.array(times)
        assert onsets[suppress_neighbours(onsets, np.array(confidence))].tolist() == left
    assert sum(len(times) - len(left) for times, _, left in SUPPRESSED) > 20
