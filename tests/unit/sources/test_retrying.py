"""Requests made again."""

from __future__ import annotations

import time

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.sample import RemoteAccess
from avmeter.sources.retrying import TransientError, retrying

QUICK = RemoteAccess(attempts=3, pause_s=0.001)


def test_failure_that_passes_costs_nothing() -> None:
    """The third try counts like the first."""
    failures = iter([TransientError("a"), TransientError("b")])

    def action() -> str:
        for failure in failures:
            raise failure
        return "done"

    assert retrying(action, QUICK, "a.wav") == "done"


def test_failure_that_stays_is_named_with_the_number_of_tries() -> None:
    """It ends, and the last reason is shown, without credentials."""
    with pytest.raises(
        MediaError, match=r"a\.wav: could not be fetched \(at https://h/a\?sig=\*\*\*, tried 3 times\)"
    ) as e:
        retrying(lambda: _fail("at https://h/a?sig=SECRET"), QUICK, "a.wav")
    assert e.value.code is SkipCode.FETCH_FAILED


def test_pauses_grow_and_the_server_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pause is about twice the last; a server may ask for more, but not for hours."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    with pytest.raises(MediaError):
        retrying(lambda: _fail("x"), RemoteAccess(attempts=4, pause_s=1), "a")
    assert [0.5 <= p / 2**i <= 1 for i, p in enumerate(pauses)] == [True] * 3
    pauses.clear()
    with pytest.raises(MediaError):
        retrying(lambda: _fail("x", 1e9), RemoteAccess(attempts=2, pause_s=1), "a")
    assert pauses == [60]


def _fail(message: str, pause_s: float | None = None) -> str:
    raise TransientError(message, pause_s=pause_s)
