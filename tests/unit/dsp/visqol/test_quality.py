"""Similarity by band to a mean opinion score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avmeter.dsp.visqol.quality import SupportVectors, speech_score
from avmeter.errors import WeightsError

MODEL = """svm_type nu_svr
kernel_type rbf
gamma 0.5
nr_class 2
total_sv 2
rho -3
SV
1 1:1 2:1 \n-0.5 1:0.5 2:0.25 \n"""


def test_regression_is_the_weighted_sum_of_kernels(tmp_path: Path) -> None:
    """Of two vectors, by hand; the text is that of libsvm."""
    (tmp_path / "model.txt").write_text(MODEL)
    vectors = SupportVectors.read(tmp_path / "model.txt")
    expected = 3 + 1 - 0.5 * np.exp(-0.5 * (0.5**2 + 0.75**2))
    assert vectors.score(np.ones(2)) == pytest.approx(expected)
    assert vectors.score(np.array([0.1, 0.1])) == 1.0  # nothing alike


def test_other_models_are_refused(tmp_path: Path) -> None:
    """By name."""
    (tmp_path / "model.txt").write_text(MODEL.replace("rbf", "linear"))
    with pytest.raises(WeightsError, match=r"model\.txt"):
        SupportVectors.read(tmp_path / "model.txt")


def test_speech_ends_at_five_and_at_one() -> None:
    """Equal speech has 5, unlike speech 1, and between them the score rises."""
    scores = [speech_score(np.full(21, likeness)) for likeness in (0.1, 0.5, 0.7, 0.9, 1.0)]
    assert scores[0] == 1
    assert scores[-1] == pytest.approx(5, abs=1e-2)
    assert scores == sorted(scores)
