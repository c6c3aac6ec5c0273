"""Threads that may be started and awaited by a thread which an exception can interrupt at any step."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable
from typing import Any


class BackgroundThread:
    """A daemon thread.

    `threading.Thread.start` waits for a `threading.Condition`, whose lock an exception of a signal handler (Ctrl-C)
    can leave held, or have released twice. This one waits for nothing but a plain lock.

    Args:
        target: Function to run; its exceptions are reported as those of any thread.
        args: Its arguments.
    """

    def __init__(self, target: Callable[..., None], *args: Any) -> None:
        self._target = target
        self._args = args
        self._running = threading.Lock()
        self._is_started = False

    def start(self) -> None:
        """Start the thread."""
        self._running.acquire()
        self._is_started = True
        _thread.start_new_thread(self._run, ())

    def is_alive(self) -> bool:
        """Return True from the start to the end of the function."""
        return self._is_started and self._running.locked()

    def join(self, timeout_s: float = -1) -> None:
        """Wait for the end.

        Args:
            timeout_s: How long at most; negative is without limit.
        """
        if self._is_started and self._running.acquire(timeout=timeout_s):
            self._running.release()

    def _run(self) -> None:
        try:
            self._target(*self._args)
        finally:
            self._running.release()
