"""What extractors of texts do the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from avmeter.features.base import Features, Window
from avmeter.features.tokens import TextExtractor, padded_length, replace_surrogates, token_facts
from avmeter.nets.keys import KeyMap
from avmeter.runtime import Runtime


class Letters(TextExtractor):
    """A tokenizer of letters before a layer."""

    name = "letters"
    entries = ("letters",)

    def build_tokenizer(self, runtime: Runtime) -> Any:
        return list

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return nn.Linear(1, 1), KeyMap()

    def windows(self, media: Any) -> Iterator[Window]:
        raise NotImplementedError

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        raise NotImplementedError


def test_tokenizer_is_there_from_load_to_unload() -> None:
    """Windows of texts are cut between the two; afterwards neither it nor the network is held."""
    weights: Any = SimpleNamespace(is_dummy=True)
    letters = Letters()
    letters.load(Runtime(device=torch.device("cpu"), precision="float32", weights=weights))
    assert letters._tokenizer("ab") == ["a", "b"]
    assert isinstance(letters._net, nn.Linear)
    letters.unload()
    assert letters._tokenizer is None
    assert letters._net is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("rain", "rain"), ("дождь 🌧", "дождь 🌧"), ("half \ud83c of a pair", "half ? of a pair"), ("", "")],
)
def test_only_half_characters_are_replaced(text: str, expected: str) -> None:
    """JSON may hold them, UTF-8 and tokenizers cannot."""
    assert replace_surrogates(text) == expected
    replace_surrogates(text).encode("utf-8")


@pytest.mark.parametrize(
    ("num_tokens", "max_tokens", "length"), [(1, 512, 32), (32, 512, 32), (33, 512, 64), (70, 77, 77), (512, 512, 512)]
)
def test_lengths_are_rounded_up_so_that_texts_share_batches(num_tokens: int, max_tokens: int, length: int) -> None:
    """Multiples of 32, at most what the network reads."""
    assert padded_length(num_tokens, max_tokens) == length


@pytest.mark.parametrize("num_dropped", [0, 3])
def test_facts_say_what_was_not_read(num_dropped: int) -> None:
    """The names that metrics with a prompt read."""
    assert token_facts(num_tokens=80, num_dropped=num_dropped) == {
        "num_tokens": 80, "num_dropped": num_dropped, "truncated": num_dropped > 0,
    }  # fmt: skip
