"""Taking items of an iterator while the thread that needs them works."""

from __future__ import annotations

from collections.abc import Iterable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from avmeter.runtime.background import BackgroundThread

T = TypeVar("T")


class Prefetch(Generic[T]):
    """Takes the next item in a thread of its own, whenever it is asked to, however long that takes.

    The thread that waits may be interrupted at any step, so they share C queues, not futures: see `ByteQueue`.

    Args:
        items: The iterator is advanced in that thread alone.

    Attributes:
        is_asked: An item was asked for and has not come yet.
        has_ended: There are no more items.
    """

    def __init__(self, items: Iterable[T]) -> None:
        self.is_asked = False
        self.has_ended = False
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._found: SimpleQueue[tuple[T] | BaseException] = SimpleQueue()
        self._items: Iterable[T] | None = items  # until the thread has them

    def ask(self) -> None:
        """Have the next item taken, unless one is on its way."""
        if self.is_asked or self.has_ended:
            return
        if self._items is not None:
            BackgroundThread(_take_when_asked, self._items, self._asked, self._found).start()
            self._items = None
        self.is_asked = True
        self._asked.put(True)

    def get(self, timeout_s: float = 0.0) -> T | None:
        """Return the item that was asked for, or None when it has not come in time or there is none.

        Raises:
            BaseException: What the iterator failed with.
        """
        if not self.is_asked:
            return None
        try:
            found = self._found.get(timeout=timeout_s) if timeout_s else self._found.get_nowait()
        except Empty:
            return None
        self.is_asked = False
        if isinstance(found, tuple):
            return found[0]
        self.has_ended = True
        if not isinstance(found, StopIteration):
            raise found
        return None

    def close(self) -> None:
        """Let the thread end once it has the item at hand."""
        self.has_ended = True
        self._items = None
        self._asked.put(False)


def _take_when_asked(
    items: Iterable[T], asked: SimpleQueue[bool], found: SimpleQueue[tuple[T] | BaseException]
) -> None:
    iterator = iter(items)
    while asked.get():
        try:
            found.put((next(iterator),))
        except BaseException as error:  # noqa: BLE001 - raised where the item is waited for
            found.put(error)
            return
