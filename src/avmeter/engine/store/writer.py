"""A thread that commits features by the clock, whoever else works or waits."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue

from avmeter.engine.store.base import FeatureKey
from avmeter.engine.store.database import ForeignStoreError, advice, connect, is_locked, write

logger = logging.getLogger("avmeter")

COMMIT_EVERY_S = 0.5
_BUSY_TIMEOUT_S = 0.5
_SAY_LOCKED_AFTER_S = 2.0
_LOCKED_AT_EXIT_S = 10.0
_PAUSE_S = 0.05
_MAX_HELD_BYTES = 256 << 20

# A fork must not copy SQLite in the middle of a commit: its locks would be held for ever in the new process.
_not_forking = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_not_forking.acquire, after_in_parent=_not_forking.release, after_in_child=_not_forking.release
    )


class FeatureWriter:
    """Writes payloads to a store at the latest half a second after they came.

    What cannot be written because another process locks the store is held, up to a number of bytes, and written once
    the lock is gone. Any other failure ends the storing, with one message. The threads that wait for it may be
    interrupted at any step, so they share C queues and a plain lock with it: see `byte_queue`.

    Args:
        path: The file.
        max_held_bytes: Payloads beyond this are dropped while the store is locked.
    """

    def __init__(self, path: Path, *, max_held_bytes: int = _MAX_HELD_BYTES) -> None:
        self.is_broken = False
        self.is_locked = False
        self.num_dropped = 0
        self._path = path
        self._max_held_bytes = max_held_bytes
        self._owner = os.getpid()
        self._lock = threading.Lock()  # of the two below
        self._held: dict[FeatureKey, bytes] = {}
        self._num_held_bytes = 0
        self._requests: SimpleQueue[_Request] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._database: sqlite3.Connection | None = None
        self._locked_since: float | None = None
        self._said: set[str] = set()

    @property
    def num_held(self) -> int:
        """Number of features that are not on disk yet."""
        return len(self._held)

    def held(self, key: FeatureKey) -> bytes | None:
        """Return a payload that is not on disk yet."""
        return self._held.get(key)

    def put(self, key: FeatureKey, payload: bytes) -> None:
        """Have a payload written soon."""
        if self._num_held_bytes + len(payload) > self._max_held_bytes and not self.is_locked:
            self.flush()  # the disk is slower than the run
        if self.is_broken:
            return
        with self._lock:
            if self._held and self._num_held_bytes + len(payload) > self._max_held_bytes:
                self.num_dropped += 1
                return
            self._num_held_bytes += len(payload) - len(self._held.get(key, b""))
            self._held[key] = payload
        self._ask(_Request())

    def flush(self) -> bool:
        """Write now what is held; return False if the store is locked."""
        if not self._held:
            return True
        reply: SimpleQueue[bool] = SimpleQueue()
        self._ask(_Request(reply))
        return reply.get()

    def close(self, *, max_wait_s: float = _LOCKED_AT_EXIT_S) -> None:
        """Write what is held, and end.

        Args:
            max_wait_s: How long to wait for other processes that lock the store.
        """
        if os.getpid() != self._owner or self._thread is None:
            return
        deadline = time.monotonic() + max_wait_s
        while not self.flush() and time.monotonic() < deadline:
            self._say_locked(f"waiting up to {max_wait_s:.0f} s for it")
            time.sleep(_PAUSE_S)
        if self.num_held or self.num_dropped:
            count = self.num_held + self.num_dropped
            logger.warning("%s: %d features were not stored: another process had locked the store", self._path, count)
        self._ask(_Request(is_last=True))
        self._thread.join()
        self._thread = None

    def _ask(self, request: _Request) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="avmeter-store", daemon=True)
            self._thread.start()
        self._requests.put(request)

    def _work(self) -> None:
        tried_at = -COMMIT_EVERY_S
        request = _Request()
        while not request.is_last:
            due_in_s = tried_at + COMMIT_EVERY_S - time.monotonic() if self._held else None
            try:
                request = self._requests.get(timeout=None if due_in_s is None else max(0.0, due_in_s))
            except Empty:
                request = _Request()
            is_due = time.monotonic() >= tried_at + COMMIT_EVERY_S
            if self._held and (is_due or request.reply is not None):
                with _not_forking:
                    self._commit()
                tried_at = time.monotonic()
            if request.reply is not None:
                request.reply.put(not self._held)
        if self._database is not None:
            self._database.close()
            self._database = None

    def _commit(self) -> None:
        with self._lock:
            payloads = dict(self._held)
        try:
            if self._database is None:
                self._database = connect(self._path, busy_timeout_s=_BUSY_TIMEOUT_S)
            write(self._database, payloads)
        except sqlite3.Error as error:
            if is_locked(error):
                self._note_lock()
                return
            self._give_up(error)
        except (OSError, ForeignStoreError) as error:
            self._give_up(error)
        self._locked_since, self.is_locked = None, False
        with self._lock:
            for key, payload in payloads.items():
                if self._held.get(key) is payload:
                    del self._held[key]
                    self._num_held_bytes -= len(payload)

    def _note_lock(self) -> None:
        now = time.monotonic()
        self.is_locked = True
        if self._locked_since is None:
            self._locked_since = now
        if now - self._locked_since >= _SAY_LOCKED_AFTER_S:
            self._say_locked("scoring goes on, and features are stored once it is free")

    def _say_locked(self, consequence: str) -> None:
        if consequence not in self._said:
            self._said.add(consequence)
            logger.warning("%s: another process locks the feature store; %s", self._path, consequence)

    def _give_up(self, error: Exception) -> None:
        self.is_broken = True
        with contextlib.suppress(sqlite3.Error):
            if self._database is not None:
                self._database.close()
        self._database = None
        logger.warning(
            "%s: features are no longer stored (%s); scoring goes on. What helps: %s",
            self._path,
            error,
            advice(self._path, error),
        )


class _Request:
    """Something that the thread is asked for: to commit soon, or now and with a reply; the last one ends it."""

    def __init__(self, reply: SimpleQueue[bool] | None = None, *, is_last: bool = False) -> None:
        self.reply = reply
        self.is_last = is_last
