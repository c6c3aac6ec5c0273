"""How loops that decode report how far they are, and how another thread ends them.

A loop calls `advance` for every packet and block; the caller's function counts the seconds, or raises to end the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Advance = Callable[[float], None]
"""Called with the seconds of sound or video that were decoded since the last call, 0 for a packet or block alone. What
it raises ends the loop."""

_LONGEST_FRAME_S = 1.0  # a longer one is a broken time stamp, or a still: no work that would need the time
_USUAL_FRAME_S = 0.02


def unwatched(decoded_s: float) -> None:
    """Do nothing: the `Advance` of who neither waits nor ends."""


def duration_of(frame: Any) -> float:
    """Return how long a decoded frame of libav lasts, seconds, as far as it is to be believed."""
    sample_rate = getattr(frame, "sample_rate", 0)
    if sample_rate:
        return float(frame.samples / sample_rate)
    if frame.duration is None or frame.time_base is None or frame.duration <= 0:
        return _USUAL_FRAME_S
    return min(float(frame.duration * frame.time_base), _LONGEST_FRAME_S)
