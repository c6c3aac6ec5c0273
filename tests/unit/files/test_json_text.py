"""JSON from outside."""

from __future__ import annotations

import pytest

from avmeter.files import parse_json


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 5000 + "]" * 5000, "9" * 5000, "", b"\xff"])
def test_what_python_cannot_hold_is_a_value_error(text: str | bytes) -> None:
    """As damaged JSON is, so that callers have one kind of error to explain."""
    with pytest.raises(ValueError):
        parse_json(text)


def test_json_is_parsed() -> None:
    """All else is what the standard library makes of it."""
    assert parse_json('{"a": [1, 2.5, null, "ü"]}') == {"a": [1, 2.5, None, "ü"]}
