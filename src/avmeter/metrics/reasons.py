"""Metrics that were not run, by the reason that they share."""

from __future__ import annotations

from collections.abc import Mapping


def names_by_reason(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    """Turn name -> why into why -> names, in the order in which they come."""
    found: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        found.setdefault(reason, []).append(name)
    return found
