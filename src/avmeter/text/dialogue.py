"""A reference text as users hold it: a plain text, or a dialogue by turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from avmeter.errors import UsageError

_HINT = 'give a text, or turns: [{"speaker": "Ann", "text": "Hello."}, "Hi."]'


def plain_text(value: object) -> str:
    """The words of a reference, without the names of those who speak.

    Args:
        value: A text, or a list of turns, each a text or a mapping with `text` (and `speaker` or anything else,
            which is not spoken and left out).

    Raises:
        UsageError: Anything else; the message names the turn.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, Sequence) or isinstance(value, bytes | bytearray):
        raise UsageError(f"reference text is {type(value).__name__}, not a text or a list of turns", hint=_HINT)
    return " ".join(turn for turn in map(_turn, range(len(value)), value) if turn)


def _turn(index: int, turn: object) -> str:
    if isinstance(turn, str):
        return turn.strip()
    if not isinstance(turn, Mapping):
        raise UsageError(f"turn {index} of the reference text is {type(turn).__name__}", hint=_HINT)
    if "text" not in turn:
        raise UsageError(
            f"turn {index} of the reference text has no `text` (keys: {sorted(map(str, turn))})", hint=_HINT
        )
    text = turn["text"]
    if not isinstance(text, str):
        raise UsageError(f"`text` of turn {index} of the reference text is {type(text).__name__}", hint=_HINT)
    return text.strip()
