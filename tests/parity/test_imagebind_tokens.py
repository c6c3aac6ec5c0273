"""Tokens of ImageBind's prompts against the published tokenizer, with CLIP's own vocabulary; see golden/README.md."""

from __future__ import annotations

import json
from typing import Any

import pytest

from avmeter.nets.clip_tokens import BEGIN, END, ClipTokens, read_merges
from avmeter.weights import WeightsSource
from support import require
from support.paths import GOLDEN

require.package("ftfy")
require.package("regex")

PUBLISHED = json.loads((GOLDEN / "imagebind_tokens.json").read_text())


@pytest.fixture(scope="module")
def tokens() -> ClipTokens:
    require.weights("clip-vocabulary")
    return ClipTokens(read_merges(WeightsSource.parse("auto").path("clip-vocabulary")))


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: ascii(case["text"][:24]))
def test_tokens_are_the_published_ones(tokens: ClipTokens, case: dict[str, Any]) -> None:
    """Case, punctuation, contractions, numbers, accents, other scripts, emoji, HTML, broken encodings, long texts."""
    found = tokens(case["text"])
    count = len(case["ids"])
    assert found.ids[:count].tolist() == case["ids"]
    assert not found.ids[count:].any()
    assert found.num_tokens == case["num_tokens"]
    assert found.num_dropped == case["num_tokens"] - count


def test_vocabulary_gives_the_ids_that_the_network_knows(tokens: ClipTokens) -> None:
    """Begin and end are the last two of 49,408 ids."""
    row = tokens("").ids.tolist()
    assert row[:3] == [BEGIN, END, 0]
