"""Text before a network reads it: what every extractor of texts does the same."""

from __future__ import annotations

import abc
from typing import Any

from avmeter.features.network import NetworkExtractor
from avmeter.runtime import Runtime

# Lengths are rounded up to a multiple of so many tokens: few shapes occur, and prompts share batches.
_LENGTH_STEP = 32


class TextExtractor(NetworkExtractor):
    """An extractor of texts: a tokenizer, and a network over its tokens.

    With dummy weights the tokenizer is one of the bytes, which needs no vocabulary.
    """

    takes = "text"
    batch_size = 32
    gpu_batch_size = 256
    _tokenizer: Any = None  # from `load` to `unload`

    @abc.abstractmethod
    def build_tokenizer(self, runtime: Runtime) -> Any:
        """Build the tokenizer: text -> tokens.

        Raises:
            WeightsError, MissingDependencyError: As of `load`.
        """

    def load(self, runtime: Runtime) -> None:
        self._tokenizer = self.build_tokenizer(runtime)
        super().load(runtime)

    def unload(self) -> None:
        super().unload()
        self._tokenizer = None


def replace_surrogates(text: str) -> str:
    """Return text that UTF-8 can hold: half of a surrogate pair, which JSON may hold, is no character, becomes "?"."""
    return text.encode("utf-8", "replace").decode()


def padded_length(num_tokens: int, max_tokens: int) -> int:
    """Return the length to which so many ids are padded; `max_tokens` at most."""
    return min(-(-num_tokens // _LENGTH_STEP) * _LENGTH_STEP, max_tokens)


def token_facts(*, num_tokens: int, num_dropped: int) -> dict[str, Any]:
    """Return the facts of an embedded text that metrics with a prompt read.

    Args:
        num_tokens: Of the whole text, begin and end included.
        num_dropped: How many of them the network did not read.
    """
    return {"num_tokens": num_tokens, "num_dropped": num_dropped, "truncated": num_dropped > 0}
