"""Similarity by band to a mean opinion score: support vectors for sound, an exponential for speech."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avmeter.dsp.visqol.gammatone import FloatArray
from avmeter.errors import WeightsError

UNLIKE = 0.15
"""Mean similarity below which the score is 1."""

# Fit of the exponential, and what makes 5 of equal sounds; google/visqol, speech_similarity_to_quality_mapper.cc.
_OFFSET, _RATE, _CENTRE, _SCALE = -262.847869, 0.0154302525, -361.063949, 1.245063


@dataclass(frozen=True, kw_only=True)
class SupportVectors:
    """A support vector regression with a Gaussian kernel, as libsvm writes it.

    Attributes:
        vectors: (S, D).
        weights: (S,).
        gamma: Of exp(-gamma |x - v|^2).
        rho: What is subtracted from the weighted sum.
    """

    vectors: FloatArray
    weights: FloatArray
    gamma: float
    rho: float

    @classmethod
    def read(cls, path: Path) -> SupportVectors:
        """Read a text file of libsvm.

        Raises:
            WeightsError: It holds something else.
        """
        header, _, body = path.read_text("ascii").partition("\nSV\n")
        facts = dict(line.split(maxsplit=1) for line in header.splitlines())
        if (facts.get("svm_type"), facts.get("kernel_type")) != ("nu_svr", "rbf"):
            raise WeightsError(f"{path.name} is no support vector regression with a Gaussian kernel")
        rows = [line.split() for line in body.splitlines()]
        vectors = [[float(cell.partition(":")[2]) for cell in cells] for _, *cells in rows]
        return cls(
            vectors=np.array(vectors),
            weights=np.array([float(weight) for weight, *_ in rows]),
            gamma=float(facts["gamma"]),
            rho=float(facts["rho"]),
        )

    @classmethod
    def stand_in(cls, dim: int) -> SupportVectors:
        """Return a regression of one vector of ones, whose scores mean nothing."""
        return cls(vectors=np.ones((1, dim)), weights=np.ones(1), gamma=1.0, rho=-2.0)

    def score(self, bands: FloatArray) -> float:
        """Return the mean opinion score, 1 to 5, of sound with this similarity of each band (D,)."""
        kernel = np.exp(-self.gamma * np.square(self.vectors - bands).sum(axis=1))
        return _bounded(float(self.weights @ kernel) - self.rho, bands)


def speech_score(bands: FloatArray) -> float:
    """Return the mean opinion score, 1 to 5, of speech with this similarity of each band."""
    return _bounded(_SCALE * (_OFFSET + math.exp(_RATE * (float(bands.mean()) - _CENTRE))), bands)


def _bounded(score: float, bands: FloatArray) -> float:
    return 1.0 if bands.mean() < UNLIKE else min(max(score, 1.0), 5.0)
