"""What the result of a quality metric says of a clip that its network could not judge."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_WARNINGS: Mapping[str, str] = MappingProxyType(
    {
        "silent": "silence: the network answers, but there is nothing to judge",
        "high_band_only": "no energy below 8 kHz: the network hears nearly nothing of this clip",
    }
)


def quality_details(facts: Mapping[str, Any]) -> dict[str, Any]:
    """A quality extractor's facts for a result's details, with a `warning` in place of its flags."""
    details = {fact: value for fact, value in facts.items() if fact not in _WARNINGS}
    warnings = [text for flag, text in _WARNINGS.items() if facts[flag]]
    return {**details, "warning": warnings[0]} if warnings else details
