"""How work grows with its input, whatever the machine: two measurements of one thread's processor time are compared."""

from __future__ import annotations

import time
from collections.abc import Callable


def grows_in_line(work: Callable[[str], object], text: str) -> bool:
    """Return whether a text takes about eight times as long as an eighth of it; quadratic work takes 64 times as long.

    A second is allowed for what is too short to be measured.
    """
    work(text[:100])  # whatever is loaded once
    part = _processor_time_s(work, text[: len(text) // 8])
    return _processor_time_s(work, text) < 32 * part + 1


def _processor_time_s(work: Callable[[str], object], text: str) -> float:
    begin = time.thread_time()
    work(text)
    return time.thread_time() - begin
