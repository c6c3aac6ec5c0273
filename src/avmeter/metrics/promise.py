"""What a result says about a file that promised more than it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FACT = "header_mismatch"


def promise_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The fact that header and content disagree, for a result's details; nothing where they agree."""
    return {_FACT: facts[_FACT]} if _FACT in facts else {}
