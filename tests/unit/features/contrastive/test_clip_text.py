"""CLIP's texts."""

from __future__ import annotations

import numpy as np

from avmeter.features.base import get_extractor
from support import require
from support.extractors import extract
from support.picture_networks import EMBEDDING_DIM, small_runtime

require.package("ftfy")
require.package("regex")


def test_text_has_one_embedding_whatever_its_case() -> None:
    """Case is not read; words are."""
    runtime, extractor = small_runtime(), get_extractor("clip_text")
    plain, loud, other = (extract(extractor, t, runtime)["embedding"] for t in ("a dog", "A  DOG", "a cat"))
    assert plain.shape == (EMBEDDING_DIM["clip-vit-b-32"],)
    np.testing.assert_array_equal(plain, loud)
    assert np.abs(plain - other).max() > 1e-4
