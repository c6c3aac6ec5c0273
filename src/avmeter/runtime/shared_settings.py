"""Settings of the whole process that several threads need at once: equal ones are shared, others wait for their turn.

A thread may be interrupted by an exception at any step (Ctrl-C), so nothing here waits for a `threading.Condition`,
whose lock that can leave held.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from avmeter.errors import UsageError

T = TypeVar("T")

_POLL_S = 0.005


class SharedSettings(Generic[T]):
    """Settings that threads hold together where they want the same, one kind after the other.

    Kinds take turns in the order in which threads came. A thread that holds them may hold others within, while no
    other thread holds any.

    Args:
        read: Returns the settings of the process.
        write: Changes them.
    """

    def __init__(self, read: Callable[[], T], write: Callable[[T], None]) -> None:
        self._read = read
        self._write = write
        self._lock = threading.Lock()  # of all below
        self._holds: list[_Hold[T]] = []
        self._waiting: deque[_Hold[T]] = deque()
        self._current: T | None = None
        self._before: T | None = None  # those of the program itself

    @contextlib.contextmanager
    def held(self, settings: T) -> Iterator[T]:
        """Have these settings within the block; yield those that the program itself has.

        Raises:
            UsageError: This thread and another hold some, and both want others within.
        """
        hold = _Hold(settings, threading.get_ident())
        try:
            while not self._try_enter(hold):
                time.sleep(_POLL_S)
            yield hold.before
        finally:
            self._leave(hold)

    def _try_enter(self, hold: _Hold[T]) -> bool:
        with self._lock:
            if hold not in self._waiting:
                self._waiting.append(hold)
            others = [h for h in self._holds if h.thread != hold.thread]
            is_nested = len(others) < len(self._holds)
            is_equal = not self._holds or hold.settings == self._current
            if is_nested and not is_equal and any(w.is_nested for w in self._waiting if w is not hold):
                raise UsageError(
                    "two threads that run networks wait for each other to run some in another precision within",
                    hint="call `evaluate` of another precision from outside of the progress and the metrics of a run",
                )
            hold.is_nested = is_nested
            may_enter = is_equal or (is_nested and not others)
            is_next = is_nested or (self._waiting[0] is hold and not any(h.is_switched for h in self._holds))
            if not (may_enter and is_next):
                return False
            if not self._holds:
                self._before = self._read()
            assert self._before is not None
            hold.before, hold.outer = self._before, self._current if self._holds else self._before
            hold.is_switched = is_nested and not is_equal
            self._waiting.remove(hold)
            self._holds.append(hold)
            if not is_equal or len(self._holds) == 1:
                self._write(hold.settings)
            self._current = hold.settings
            return True

    def _leave(self, hold: _Hold[T]) -> None:
        with self._lock:
            if hold in self._waiting:
                self._waiting.remove(hold)
            if hold not in self._holds:
                return
            self._holds.remove(hold)
            if hold.is_switched or not self._holds:
                outer = hold.outer if hold.is_switched else self._before
                assert outer is not None
                self._write(outer)
                self._current = outer


@dataclass(eq=False)
class _Hold(Generic[T]):
    """One block of one thread.

    Attributes:
        settings: What it wants.
        thread: Its thread.
        is_nested: The thread holds settings already.
        is_switched: It changed the settings within those; nobody else may enter.
    """

    settings: T
    thread: int
    is_nested: bool = False
    is_switched: bool = False
    before: T = None  # type: ignore[assignment]
    outer: T | None = None
