"""Reference texts come as text or as turns."""

from __future__ import annotations

import pytest

from avmeter.errors import UsageError
from avmeter.text.dialogue import plain_text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Hello.", "Hello."),
        ([{"speaker": "Ann", "text": "Hello."}, {"speaker": "Bob", "text": " Hi. "}], "Hello. Hi."),
        (["Hello.", {"text": "Hi."}], "Hello. Hi."),
        (("Hello.",), "Hello."),
        ([{"speaker": "Ann", "text": ""}, "Hi."], "Hi."),
        ([], ""),
        ("", ""),
    ],
)
def test_turns_become_one_text(value: object, expected: str) -> None:
    """The words of all turns in order, without the speakers."""
    assert plain_text(value) == expected


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "NoneType"),
        (3.5, "float"),
        (b"bytes", "bytes"),
        ({"text": "Hello."}, "dict"),
        (["ok", 3], "turn 1"),
        (["ok", {"speaker": "Ann"}], "no `text`"),
        ([{"text": None}], "NoneType"),
    ],
)
def test_anything_else_is_a_usage_error(value: object, said: str) -> None:
    """What cannot be read as text is named, with its place."""
    with pytest.raises(UsageError) as caught:
        plain_text(value)
    assert said in caught.value.message
