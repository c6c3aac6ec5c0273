"""JSON from outside."""

from __future__ import annotations

import json
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """Parse JSON; nesting and numbers beyond what Python takes are errors like any other.

    Raises:
        ValueError: It is no JSON, or nested thousands deep, or has an integer of thousands of digits.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
