"""ViCLIP's texts."""

from __future__ import annotations

from avmeter.features.base import get_extractor
from support import require
from support.extractors import extract
from support.picture_networks import EMBEDDING_DIM, small_runtime

require.package("ftfy")
require.package("regex")


def test_text_has_one_embedding() -> None:
    """Of the width of videos."""
    features = extract(get_extractor("viclip_text"), "a dog", small_runtime())
    assert features["embedding"].shape == (EMBEDDING_DIM["viclip"],)
