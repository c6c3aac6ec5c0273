"""CLIP's byte pairs on a vocabulary of a few merges."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MissingDependencyError, WeightsError
from avmeter.nets import clip_tokens
from avmeter.nets.clip_tokens import BEGIN, END, NUM_MERGES, ClipTokens, DummyTokens, clean, merged, read_merges
from support import require

require.package("ftfy")
require.package("regex")

MERGES = [("d", "o"), ("do", "g</w>"), ("a", "a"), ("aa", "a</w>")]
# 256 letters, 256 letters that end a word, the merges.
DO, DOG, AA, AAA = range(512, 516)
FIRST, LAST = 516, 517


def letter(character: str, *, last: bool = False) -> int:
    """Id of a printable character: the vocabulary begins with "!"."""
    return ord(character) - ord("!") + 256 * last


@pytest.fixture(scope="module")
def tokens() -> ClipTokens:
    return ClipTokens(MERGES, length=10)


def ids(tokens: ClipTokens, text: str) -> list[int]:
    """Ids of a text without begin and end."""
    found = tokens(text)
    row = found.ids.tolist()
    assert row[0] == FIRST
    assert row[found.num_tokens - found.num_dropped - 1] == LAST
    return row[1 : found.num_tokens - found.num_dropped - 1]


def test_pieces_are_joined_by_urgency_and_know_where_a_word_ends(tokens: ClipTokens) -> None:
    """The first merges win; a piece inside a word is another one than at its end."""
    assert ids(tokens, "dog") == [DOG]
    assert ids(tokens, "do dogs") == [letter("d"), letter("o", last=True), DO, letter("g"), letter("s", last=True)]
    assert ids(tokens, "a aa aaa") == [letter("a", last=True), letter("a"), letter("a", last=True), AAA]


def test_equal_neighbours_are_joined_from_the_left() -> None:
    """Three of a kind make a pair and a rest, four make two pairs."""
    ranks = {("a", "a"): 0}
    assert merged(list("aaab"), ranks) == ["aa", "a", "b</w>"]
    assert merged(list("aaaab"), ranks) == ["aa", "aa", "b</w>"]
    assert merged(["a"], ranks) == ["a</w>"]


def test_ids_stand_between_begin_and_end_with_zeros_behind(tokens: ClipTokens) -> None:
    """The array has the network's length whatever the text."""
    found = tokens("dog")
    assert found.ids.dtype == np.int64
    assert found.ids.tolist() == [FIRST, DOG, LAST, 0, 0, 0, 0, 0, 0, 0]
    assert (found.num_tokens, found.num_dropped) == (3, 0)


@pytest.mark.parametrize(("num_words", "num_dropped"), [(7, 0), (8, 0), (9, 1), (30, 22)])
def test_text_that_is_too_long_is_cut_before_its_end_token(
    tokens: ClipTokens, num_words: int, num_dropped: int
) -> None:
    """The end is always there, and what was left out is counted."""
    found = tokens("dog " * num_words)
    assert (found.num_tokens, found.num_dropped) == (num_words + 2, num_dropped)
    assert found.ids[min(num_words, 8) + 1] == LAST
    assert np.count_nonzero(found.ids == DOG) == min(num_words, 8)


def test_special_words_in_a_text_are_text(tokens: ClipTokens) -> None:
    """Nobody can end a prompt from within: there is one end token, at the end."""
    found = ClipTokens(MERGES)("dog <|endoftext|> dog <|startoftext|>")
    assert np.count_nonzero(found.ids == LAST) == 1
    assert np.count_nonzero(found.ids == FIRST) == 1
    assert np.count_nonzero(found.ids == DOG) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  A \t\n Dog ", "a dog"),
        ("fish &amp;amp; chips", "fish & chips"),
        ("cafÃ©", "café"),
        ("“Sit!”", '"sit!"'),
        ("\x07", ""),
        ("half \ud800", "half \ufffd"),
        ("\ud83d\ude00", "😀"),
    ],
)
def test_text_is_repaired_before_it_is_cut(text: str, expected: str) -> None:
    """What ftfy and HTML can mend is mended, blanks are one space, letters are small, halves of pairs do no harm."""
    assert clean(text) == expected


def test_every_byte_has_a_letter_of_its_own() -> None:
    """256 different printable letters: any text in any script has tokens."""
    letters = clip_tokens._letters()
    assert set(letters) == set(range(256))
    assert len({*letters.values()}) == 256
    assert all(not c.isspace() and c.isprintable() for c in letters.values())


def test_dummy_tokens_are_the_bytes() -> None:
    """No vocabulary, the ids of CLIP's begin and end, the same cleaning and cutting."""
    found = DummyTokens()("A  b")
    assert found.ids[:5].tolist() == [BEGIN, ord("a"), ord(" "), ord("b"), END]
    assert DummyTokens()("x" * 100).num_dropped == 25


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(b"header\na b"), gzip.compress(b"header\n" + b"ab\n" * NUM_MERGES)],
    ids=["no gzip", "too few", "no pairs"],
)
def test_file_that_is_no_vocabulary_is_refused(tmp_path: Path, content: bytes) -> None:
    """A wrong file is named, with what to do, before it gives wrong tokens."""
    path = tmp_path / "vocabulary.gz"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"vocabulary\.gz") as caught:
        read_merges(path)
    assert "avmeter weights verify" in caught.value.hint


def test_only_the_published_number_of_merges_is_read(tmp_path: Path) -> None:
    """The file goes on behind the merges that were trained."""
    path = tmp_path / "vocabulary.gz"
    path.write_bytes(gzip.compress(b"header\n" + b"a b\n" * (NUM_MERGES + 5)))
    assert read_merges(path) == [("a", "b")] * NUM_MERGES


@pytest.mark.parametrize("package", ["ftfy", "regex"])
def test_absent_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    """Not an ImportError from the depths."""
    monkeypatch.setitem(sys.modules, package, None)
    clip_tokens._compiled.cache_clear()
    with pytest.raises(MissingDependencyError, match=package) as caught:
        ClipTokens(MERGES)("a dog")
    clip_tokens._compiled.cache_clear()
    assert "avmeter[clip]" in caught.value.hint
