"""Requests made again where that may help: a server that fails, stalls or breaks off."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from avmeter.errors import MediaError, SkipCode
from avmeter.files import without_credentials
from avmeter.sample.access import RemoteAccess

_T = TypeVar("_T")
_LONGEST_PAUSE_S = 60.0


class TransientError(Exception):
    """A request failed in a way that may pass.

    Args:
        message: What happened.
        pause_s: How long the server asks to wait, if it does.
    """

    def __init__(self, message: str, *, pause_s: float | None = None) -> None:
        super().__init__(message)
        self.pause_s = pause_s


def retrying(action: Callable[[], _T], access: RemoteAccess, name: str) -> _T:
    """Return what an action returns, tried `access.attempts` times with growing pauses.

    Args:
        action: Raises `TransientError` where another try may help.
        access: How often and how patiently.
        name: Of the file, for the message.

    Raises:
        MediaError: `fetch_failed`, when the last try failed.
    """
    for attempt in range(1, access.attempts + 1):
        try:
            return action()
        except TransientError as error:
            if attempt == access.attempts:
                tries = f", tried {attempt} times" if attempt > 1 else ""
                raise failed(name, f"{error}{tries}") from error
            pause_s = access.pause_s * 2 ** (attempt - 1) * (0.5 + random.random() / 2)
            time.sleep(min(max(pause_s, error.pause_s or 0.0), _LONGEST_PAUSE_S))
    raise AssertionError("unreachable")


def failed(name: str, what: str) -> MediaError:
    """Build the error of a file that its server did not deliver."""
    return MediaError(
        SkipCode.FETCH_FAILED,
        without_credentials(f"{name}: could not be fetched ({what})"),
        hint="run again when the storage answers; what was scored is not computed again",
    )
