"""How much of a prompt a text network has read, and how notes are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def reading_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of an embedded prompt for a result's details, with a note if its end was cut off.

    Args:
        facts: With `num_tokens`, `num_dropped` and `truncated`.
    """
    details = dict(facts)
    if facts["truncated"]:
        details["note"] = f"the prompt has {facts['num_tokens']} tokens: the last {facts['num_dropped']} were not read"
    return details


def noted(details: Mapping[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    """Details with these notes in front of the one they may have; none is made of nothing."""
    every = [*notes, *([details["note"]] if "note" in details else [])]
    return {**details, "note": "; ".join(every)} if every else dict(details)
