"""An endpoint that does not answer is not asked by every clip."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.sources import endpoint_silence
from avmeter.sources.endpoint_silence import FEWEST_FAILURES, PAUSE_S, EndpointSilence


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass."""
    now = [100.0]
    monkeypatch.setattr(endpoint_silence.time, "monotonic", lambda: now[0])

    def wait(seconds: float) -> None:
        now[0] += seconds

    return wait


def test_after_some_questions_without_answer_one_is_asked_a_minute(clock: Callable[[float], None]) -> None:
    """A set of thousands of clips would wait for days; one that answers again is used again."""
    silence = EndpointSilence()
    for _ in range(FEWEST_FAILURES):
        silence.require_answering()
        silence.note(answered=False)
    with pytest.raises(SkipError, match="3 questions before got no answer") as caught:
        silence.require_answering()
    assert caught.value.code == SkipCode.FETCH_FAILED
    clock(PAUSE_S)
    silence.require_answering()
    with pytest.raises(SkipError):  # another thread, while that one waits
        silence.require_answering()
    silence.note(answered=True)
    silence.require_answering()


def test_single_failures_between_answers_are_of_their_clips() -> None:
    """They are not in a row."""
    silence = EndpointSilence()
    for answered in (False, False, True) * 4:
        silence.require_answering()
        silence.note(answered=answered)
