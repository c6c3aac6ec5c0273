"""Hypothesis strategies that several properties draw from: seeds and sizes of sets, numbers, logits, texts."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from avmeter.text.language import parse_language
from avmeter.text.normalise import NORMALISERS

# -- sets of embeddings ----------------------------------------------------------------------------------------------

SEEDS = st.integers(0, 2**32 - 1)
COUNTS = st.integers(2, 60)
DIMS = st.integers(1, 30)

# -- numbers ---------------------------------------------------------------------------------------------------------

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


def values(minimum: int, *, unique: bool = False) -> st.SearchStrategy[np.ndarray]:
    """At least `minimum` finite scores, (N,)."""
    return hnp.arrays(np.float64, st.integers(minimum, 30), elements=NUMBERS, unique=unique)


def logits(minimum: int, maximum: int) -> st.SearchStrategy[np.ndarray]:
    """Logits (N, C) of so many clips, large enough that probabilities underflow."""
    shapes = st.tuples(st.integers(minimum, maximum), st.integers(2, 9))
    return hnp.arrays(np.float64, shapes, elements=st.floats(-900, 900))


# -- texts -----------------------------------------------------------------------------------------------------------

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d e", "好", ""]), max_size=12)
_NUMBER_WORDS = (
    "a an and point oh one two nine ten thirteen nineteen twenty ninety hundred thousand million first second third "
    "twentieth hundredth thousandth 5 0 2.5 1,000 3rd 22nd $5.50 $1 £2 50km % & - . , 's"
)
NUMBER_WORDS = st.lists(st.sampled_from(_NUMBER_WORDS.split()), max_size=10).map(" ".join)
TEXTS = st.text(max_size=60) | NUMBER_WORDS


def languages(*hints: str | None) -> st.SearchStrategy[Any]:
    """One of these languages; None stands for an unknown one."""
    return st.sampled_from([None, *hints]).map(parse_language)


# Without that of transformers, which need not be here.
NORMALISER_NAMES = st.sampled_from(sorted(set(NORMALISERS) - {"whisper-english"}))
