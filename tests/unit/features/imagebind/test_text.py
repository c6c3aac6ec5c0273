"""ImageBind's embeddings of texts on small networks."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError, WeightsError
from avmeter.features.base import get_extractor
from avmeter.nets import clip_tokens
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource
from support import require
from support.extractors import extract
from support.networks import EMBEDDING_DIM, put_small_networks

require.package("ftfy")
require.package("regex")


def test_text_has_one_embedding_and_says_how_much_was_read(runtime: Runtime) -> None:
    """One vector, the tokens, and whether that was all."""
    features = extract(get_extractor("imagebind_text"), "a dog", runtime)
    assert features["embedding"].shape == (EMBEDDING_DIM,)
    assert features.facts == {"num_tokens": 7, "num_dropped": 0, "truncated": False}
    assert extract(get_extractor("imagebind_text"), "x" * 90, runtime).facts["truncated"]


def test_texts_that_are_the_same_after_cleaning_have_the_same_embedding(runtime: Runtime) -> None:
    """Case and blanks are not read; words are."""
    extractor = get_extractor("imagebind_text")
    plain, loud, other = (extract(extractor, t, runtime)["embedding"] for t in ("a dog", "A  DOG\n", "a cat"))
    np.testing.assert_array_equal(plain, loud)
    assert np.abs(plain - other).max() > 1e-3


def test_text_of_nothing_but_control_characters_is_a_skip(runtime: Runtime) -> None:
    """What is empty after cleaning has no embedding."""
    extractor: Any = get_extractor("imagebind_text")
    extractor.load(runtime)
    with pytest.raises(SkipError) as caught:
        list(extractor.windows("\x07\x08"))
    assert caught.value.code is SkipCode.EMPTY_TEXT
    assert "2 characters" in caught.value.message


def test_vocabulary_that_is_not_the_catalogs_is_refused(tmp_path: Path) -> None:
    """It is a file of the catalog, verified as any other, before a network is loaded."""
    path = tmp_path / "clip-vocabulary" / "bpe_simple_vocab_16e6.txt.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(b"header\n" + b"a b\n" * clip_tokens.NUM_MERGES))
    real = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource.parse(tmp_path))
    with pytest.raises(WeightsError, match="instead of 1356917"):
        get_extractor("imagebind_text").load(real)


def test_real_weights_and_dummy_weights_read_different_tokens() -> None:
    """With the published vocabulary a word is a token, with dummy weights a byte is."""
    require.weights("clip-vocabulary")
    source = WeightsSource.parse("auto")
    real = Runtime(device=torch.device("cpu"), precision="float32", weights=source)
    put_small_networks(real)
    assert extract(get_extractor("imagebind_text"), "a dog", real).facts["num_tokens"] == 4
