"""How much of a prompt a text network has read."""

from __future__ import annotations

from collections.abc import Mapping
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
