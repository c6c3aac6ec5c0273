"""Texts of networks that read CLIP's tokens."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import get_extractor
from support import require
from support.extractors import extract
from support.picture_networks import small_runtime

require.package("ftfy")
require.package("regex")


@pytest.mark.parametrize(("name", "length"), [("clip_text", 77), ("viclip_text", 32)])
def test_text_is_cut_off_at_the_length_of_the_context(name: str, length: int) -> None:
    """Bytes stand in for byte pairs under dummy weights; begin and end count."""
    extractor: Any = get_extractor(name)
    facts = extract(extractor, "x" * 100, small_runtime()).facts
    assert facts == {"num_tokens": 102, "num_dropped": 102 - length, "truncated": True}
    (window,) = extractor.windows("a dog")
    assert window.inputs["ids"].shape == (length,)


@pytest.mark.parametrize("name", ["clip_text", "viclip_text"])
def test_text_without_letters_is_a_skip(name: str) -> None:
    """What is empty after cleaning has no embedding."""
    extractor: Any = get_extractor(name)
    extractor.load(small_runtime())
    with pytest.raises(SkipError) as caught:
        list(extractor.windows("\x07"))
    assert caught.value.code is SkipCode.EMPTY_TEXT
