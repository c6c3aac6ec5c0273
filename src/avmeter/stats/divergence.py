"""Divergences between class predictions: KL of a generated clip from its reference, inception score of a set.

Everything is computed from logits in the log domain: a class whose probability underflows contributes 0, not
NaN. Only a network with classes has such numbers; for an embedding network they are meaningless.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avmeter.errors import StatsError
from avmeter.stats.rows import FloatArray, as_pair, as_rows


@dataclass(frozen=True, kw_only=True)
class InceptionScore:
    """Inception score over equal parts of a set.

    Attributes:
        mean: Mean over the parts, between 1 and the number of classes; higher is better.
        std: Population standard deviation over the parts; 0 with one part.
        splits: The score of each part.
    """

    mean: float
    std: float
    splits: tuple[float, ...]


def kl_softmax(*, generated: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Mean over clips of KL(reference || generated) between softmax distributions.

    Args:
        generated: Logits (N, C) of generated clips.
        reference: Logits (N, C) of their references, row by row.

    Returns:
        >= 0, in nats; lower is better; 0 for equal distributions.

    Raises:
        StatsError: No rows, shapes differ, or a logit is not finite.

    Source: the formulation of AudioGen, as in av-benchmark kl.py and FastVideo.
    """
    return _kl(*(_log_softmax(rows) for rows in _paired(generated, reference)))


def kl_sigmoid(*, generated: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Mean over clips of sum over classes of p log(p / q), with p and q sigmoids of the logits.

    Half of a divergence between Bernoulli variables: the term (1 - p) log((1 - p) / (1 - q)) is left out, as
    published, so it can be negative and is not 0 only for equal distributions.

    Args:
        generated: Logits (N, C) of generated clips.
        reference: Logits (N, C) of their references, row by row.

    Raises:
        StatsError: No rows, shapes differ, or a logit is not finite.

    Source: av-benchmark kl.py.
    """
    return _kl(*(_log_sigmoid(rows) for rows in _paired(generated, reference)))


def kl_both(*, generated: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[float, float]:
    """`kl_softmax` and `kl_sigmoid` of the same logits, which are looked at once."""
    sides = np.stack(_paired(generated, reference))
    return _kl(*_log_softmax(sides)), _kl(*_log_sigmoid(sides))


def inception_score(logits: npt.ArrayLike, *, splits: int = 10, seed: int = 2020) -> InceptionScore:
    """exp of the mean KL divergence of each clip's classes from those of its part of the set.

    Args:
        logits: Logits (N, C) of generated clips.
        splits: Parts, 1 to N; part i holds the shuffled rows [i N // splits, (i + 1) N // splits).
        seed: Of the shuffle, through NumPy's legacy generator as published.

    Raises:
        StatsError: Fewer clips than parts (published tools return NaN), or a logit is not finite.

    Source: Salimans et al. 2016; parts and shuffle of av-benchmark isc.py.
    """
    rows = as_rows(logits, side="generated", minimum=1, unit="clips")
    if splits < 1 or len(rows) < splits:
        raise StatsError(
            f"inception score over {splits} splits needs at least {max(splits, 1)} clips, got {len(rows)}",
            hint="ask for fewer splits",
        )
    log_p = _log_softmax(rows[np.random.RandomState(seed).permutation(len(rows))])
    ends = [i * len(rows) // splits for i in range(splits + 1)]
    scores = tuple(_score_of_part(log_p[start:end]) for start, end in itertools.pairwise(ends))
    return InceptionScore(mean=float(np.mean(scores)), std=float(np.std(scores)), splits=scores)


def _score_of_part(log_p: FloatArray) -> float:
    log_marginal = np.logaddexp.reduce(log_p, axis=0) - np.log(len(log_p))
    return float(np.exp(np.sum(np.exp(log_p) * (log_p - log_marginal), axis=1).mean()))


def _kl(log_q: FloatArray, log_p: FloatArray) -> float:
    per_clip = np.add.reduce(np.exp(log_p) * (log_p - log_q), axis=1)
    return float(np.add.reduce(per_clip)) / len(per_clip)


def _log_sigmoid(logits: FloatArray) -> FloatArray:
    result: FloatArray = -np.logaddexp(0.0, -logits)
    return result


def _log_softmax(logits: FloatArray) -> FloatArray:
    # Ufuncs and not the methods that call them: the logits of one clip are no more work than such a call.
    shifted = logits - np.maximum.reduce(logits, axis=-1, keepdims=True)
    result: FloatArray = shifted - np.log(np.add.reduce(np.exp(shifted), axis=-1, keepdims=True))
    return result


def _paired(generated: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    generated_rows, reference_rows = as_pair(generated, reference, minimum=1, unit="clips")
    if len(generated_rows) != len(reference_rows) or generated_rows.shape[1] == 0:
        raise StatsError(f"logits do not pair up: generated {generated_rows.shape}, reference {reference_rows.shape}")
    return generated_rows, reference_rows
