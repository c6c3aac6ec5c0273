"""Reference texts come as text or as turns."""

from __future__ import annotations

import pytest

from avmeter.errors import UsageError
from avmeter.text.dialogue import plain_text, words_by_speaker


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


def test_turns_are_joined_by_speaker() -> None:
    """In the order in which they first speak; empty turns add nothing, names may be numbers."""
    turns = [
        {"speaker": "Bob", "text": "Hi. "},
        {"speaker": 1, "text": "Hello."},
        {"speaker": "Bob", "text": ""},
        {"speaker": "Bob", "text": "Bye."},
    ]
    assert words_by_speaker(turns) == {"Bob": "Hi. Bye.", "1": "Hello."}
    assert list(words_by_speaker(turns)) == ["Bob", "1"]
    assert words_by_speaker([]) == {}


@pytest.mark.parametrize(
    "value", ["Hello.", None, 3, ["Hello."], [{"text": "Hi."}], [{"speaker": None, "text": "Hi."}]]
)
def test_words_of_nobody_are_a_usage_error(value: object) -> None:
    """Speakers are not made up."""
    with pytest.raises(UsageError, match="dialogue"):
        words_by_speaker(value)
