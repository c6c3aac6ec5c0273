"""A text as users hold it: a plain text, or a dialogue by turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from avmeter.errors import UsageError

_HINT = 'give a text, or turns: [{"speaker": "Ann", "text": "Hello."}, "Hi."]'

_SPEAKER_HINT = 'give turns with speakers: [{"speaker": "Ann", "text": "Hello."}, {"speaker": "Bob", "text": "Hi."}]'


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


def words_by_speaker(value: object) -> dict[str, str]:
    """The words of each speaker, turn after turn, speakers in the order of their first turn.

    Args:
        value: A list of turns with `speaker` and `text`.

    Raises:
        UsageError: Anything else, a turn without a speaker among it; the message names the turn.
    """
    if isinstance(value, str) or not isinstance(value, Sequence) or isinstance(value, bytes | bytearray):
        raise UsageError(f"a dialogue is a list of turns, not {type(value).__name__}", hint=_SPEAKER_HINT)
    said: dict[str, list[str]] = {}
    for index, turn in enumerate(value):
        speaker = turn.get("speaker") if isinstance(turn, Mapping) else None
        if isinstance(speaker, bool) or not isinstance(speaker, str | int) or speaker == "":
            raise UsageError(f"turn {index} of the dialogue names no speaker", hint=_SPEAKER_HINT)
        said.setdefault(str(speaker), []).append(_turn(index, turn))
    return {speaker: " ".join(text for text in texts if text) for speaker, texts in said.items()}


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
