"""Token ids of texts, from local files or stand-ins."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from avmeter.errors import MissingDependencyError, UsageError, WeightsError
from avmeter.nets import clap
from avmeter.nets.clap import DummyTokens, FileTokens
from support import require

require.package("transformers")


def test_stand_in_tokens_are_the_bytes_of_the_text() -> None:
    """Begin, byte + 4 each, end; padding is 1."""
    tokens = DummyTokens()(["hä", ""])
    assert tokens.ids.tolist() == [[0, 108, 199, 168, 2], [0, 2, 1, 1, 1]]
    assert tokens.num_dropped == (0, 0)


def test_text_that_does_not_fit_is_cut_and_counted() -> None:
    """The end token stays; what was dropped is said."""
    tokens = DummyTokens(max_tokens=4)(["abcdef", "ab"])
    assert tokens.ids.tolist() == [[0, 101, 102, 2], [0, 101, 102, 2]]
    assert tokens.num_dropped == (4, 0)


def test_no_text_is_an_error() -> None:
    """An empty batch has no tensor."""
    with pytest.raises(UsageError, match="no text"):
        DummyTokens()([])


@pytest.fixture
def roberta_files(tmp_path: Path) -> tuple[Path, Path]:
    vocab = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "d", "o", "g", "do", "dog", "Ġ", "Ġd", "Ġdo", "Ġdog"]
    merges = ["#version: 0.2", "Ġ d", "Ġd o", "Ġdo g", "d o", "do g", ""]
    (tmp_path / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(vocab)}), encoding="utf-8")
    (tmp_path / "merges.txt").write_text("\n".join(merges), encoding="utf-8")
    return tmp_path / "vocab.json", tmp_path / "merges.txt"


def test_roberta_tokens_come_from_the_two_local_files(roberta_files: tuple[Path, Path]) -> None:
    """Merges apply in their order, a word after a space is another token, begin and end are added."""
    vocabulary, merges = roberta_files
    tokens = FileTokens(vocabulary=vocabulary, merges=merges, max_tokens=6)(["dog dog", "god", "dog dog dog dog dog"])
    assert tokens.ids.tolist() == [[0, 9, 13, 2, 1, 1], [0, 7, 6, 5, 2, 1], [0, 9, 13, 13, 13, 2]]
    assert tokens.num_dropped == (0, 0, 1)


def test_gpt2_tokens_end_with_the_end_of_text_and_know_the_exclamation_mark(tmp_path: Path) -> None:
    """A space and the end token follow every text and survive a cut; "!" never merges; padding is 0."""
    vocab = {"!": 0, "d": 1, "o": 2, "g": 3, "do": 4, "dog": 5, "Ġd": 6, "!!": 7, "g!": 8, "Ġdo": 9, "Ġdog": 10}
    vocab |= {"Ġ": 220, "<|endoftext|>": 50256}
    (tmp_path / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    merges = "\n".join(["#version: 0.2", "! !", "g !", "Ġ d", "Ġd o", "Ġdo g", "d o", "do g", ""])
    (tmp_path / "merges.txt").write_text(merges, encoding="utf-8")
    make = {"vocabulary": tmp_path / "vocab.json", "merges": tmp_path / "merges.txt", "scheme": clap.GPT2}
    tokens = FileTokens(**make, max_tokens=6)(["dog!!", "dog", "dog dog dog dog dog"])
    assert tokens.ids.tolist() == [[5, 0, 0, 220, 50256, 0], [5, 220, 50256, 0, 0, 0], [5, 10, 10, 10, 10, 50256]]
    assert tokens.mask.sum(dim=1).tolist() == [5, 3, 6]
    assert tokens.num_dropped == (0, 0, 1)
    with pytest.raises(WeightsError, match="not RoBERTa's vocabulary"):
        FileTokens(vocabulary=tmp_path / "vocab.json", merges=tmp_path / "merges.txt")


def test_stand_in_tokens_of_gpt2_have_its_end_and_no_padding_inside() -> None:
    """Byte + 4 each, no begin; the real end ids, so that the network is read where it will be."""
    tokens = DummyTokens(max_tokens=4, scheme=clap.GPT2)(["!a", "abcdef"])
    assert tokens.ids.tolist() == [[37, 101, 220, 50256], [101, 102, 103, 50256]]
    assert tokens.num_dropped == (0, 4)


def test_damaged_tokenizer_files_are_named(roberta_files: tuple[Path, Path]) -> None:
    """A wrong vocabulary, a merge outside it, or a missing file is an error with the file's name."""
    vocabulary, merges = roberta_files
    whole = merges.read_text(encoding="utf-8")
    merges.write_text(whole + "c a\n", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"merges.txt: line 7 merges 'c a'"):
        FileTokens(vocabulary=vocabulary, merges=merges)
    merges.unlink()
    with pytest.raises(WeightsError, match=r"merges.txt: cannot be read"):
        FileTokens(vocabulary=vocabulary, merges=merges)
    merges.write_text(whole, encoding="utf-8")
    vocabulary.write_text("{}", encoding="utf-8")
    with pytest.raises(WeightsError, match="not RoBERTa's vocabulary"):
        FileTokens(vocabulary=vocabulary, merges=merges)


def test_absent_transformers_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, roberta_files: tuple[Path, Path]
) -> None:
    """The tokenizer says what to install."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'avmeter\[clap\]'"):
        FileTokens(vocabulary=roberta_files[0], merges=roberta_files[1])
