"""What extractors of texts have in common: which text is tokenised, how long a batch of ids is, what is told of it."""

from __future__ import annotations

from typing import Any

# Lengths are rounded up to a multiple of this, so that few shapes occur and prompts share batches.
_LENGTH_STEP = 32


def encodable(text: str) -> str:
    """Text that UTF-8 can hold: half of a surrogate pair, which JSON may hold, is no character and becomes "?"."""
    return text.encode("utf-8", "replace").decode()


def padded_length(num_tokens: int, limit: int) -> int:
    """Length to which so many ids are padded; the limit at most."""
    return min(-(-num_tokens // _LENGTH_STEP) * _LENGTH_STEP, limit)


def token_facts(*, num_tokens: int, num_dropped: int) -> dict[str, Any]:
    """Facts of an embedded text, as `avmeter.metrics.prompt` reads them.

    Args:
        num_tokens: Of the whole text, begin and end included.
        num_dropped: How many of them were not read.
    """
    return {"num_tokens": num_tokens, "num_dropped": num_dropped, "truncated": num_dropped > 0}
