"""How signals end a command: Ctrl-C, SIGTERM (batch systems, containers) and SIGHUP (a terminal that was closed).

A thread sees each signal at once, whatever the main thread does, and ends the process where the main thread does not
within seconds. While results are computed and written nothing is raised anywhere: the run asks `is_requested`. At all
other times `Interrupted` is raised in the main thread; in the middle of an import the process is ended. Only the
standard library is imported here: people press Ctrl-C while the rest is loaded, too.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, NoReturn

GRACE_S = 4.0
_SIGNALS = tuple(getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n))
_FIRST_CODE = 128
_IN_STORE = ": what was computed is kept in the feature store; the same command goes on from there"


class Interrupted(BaseException):
    """Raised in the main thread. Not a `KeyboardInterrupt`, which the parser would turn into a silent exit code."""


class Interrupts:
    """Handles signals within a `with` block; the handlers of before return afterwards. For the main thread.

    A second Ctrl-C ends the process at once; SIGTERM and SIGHUP, which some senders send twice, do not.

    Args:
        grace_s: How long the main thread may take to end.

    Attributes:
        has_store: Set by commands whose finished features are kept in a store, for the last words of an interrupt.
    """

    def __init__(self, *, grace_s: float = GRACE_S) -> None:
        self.has_store = False
        self._grace_s = grace_s
        self._number: int | None = None
        self._is_deferred = False
        self._is_saving = False
        self._is_raised = False
        self._handlers: dict[int, Any] = {}

    @property
    def is_requested(self) -> bool:
        """True once a signal has come."""
        return self._number is not None

    @property
    def exit_code(self) -> int:
        """130, 143 or 129, as a shell has it."""
        return _FIRST_CODE + (self._number or signal.SIGINT)

    @property
    def last_words(self) -> str:
        """What an interrupted command says at its end."""
        return f"interrupted{_IN_STORE if self.has_store else ''}"

    def should_stop(self) -> bool:
        """Return `is_requested`, for callers that take a function."""
        return self.is_requested

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Raise nothing within the block, whose code asks `is_requested`."""
        self._is_deferred = True
        try:
            yield
        finally:
            self._is_deferred = False

    @contextlib.contextmanager
    def saving(self) -> Iterator[None]:
        """Let the block take the time that it needs; a second Ctrl-C ends it."""
        self._is_saving = True
        try:
            yield
        finally:
            self._is_saving = False

    def start(self) -> None:
        """Handle signals from here on."""
        reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._previous_descriptor = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(reading,), name="avmeter-signals", daemon=True).start()
        for number in _SIGNALS:
            if number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup
            self._handlers[number] = signal.getsignal(number)
            signal.signal(number, self._handle)

    def end(self) -> None:
        """Raise nothing any more: the process is about to end."""
        self._is_deferred = True

    def __enter__(self) -> Interrupts:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_requested:  # the process ends, and is watched while it does
            return
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_descriptor)
        os.close(self._writing)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._number is None:
            self._number = number
        if self._is_deferred or self._is_raised:
            return
        if _is_importing(frame):
            self._end()
        self._is_raised = True
        raise Interrupted

    def _end(self) -> NoReturn:
        """End the process here and now; finished features are in the store, or will be within half a second."""
        with contextlib.suppress(OSError):
            os.write(2, f"{self.last_words}\n".encode())
        os._exit(self.exit_code)

    def _watch(self, reading: int) -> None:
        deadline: float | None = None
        while True:
            left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([reading], [], [], left_s)
            if not ready:
                if not self._is_saving:
                    self._end()
                deadline = time.monotonic() + self._grace_s
                continue
            received = os.read(reading, 1)
            if not received:
                os.close(reading)
                return
            if received[0] not in self._handlers:
                continue
            if deadline is None:
                deadline = time.monotonic() + self._grace_s
                self._number = self._number or received[0]
            elif received[0] == signal.SIGINT:
                self._end()


def _is_importing(frame: FrameType | None) -> bool:
    """Return True in the middle of an import: compiled modules abort the process when something is raised there."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
