"""What a computer is doing right now, for whoever shows it: written by the computing thread, read by any."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(kw_only=True)
class Activity:
    """A stage, and how far it is.

    Attributes:
        stage: In words, such as "decoding" or "loading passt"; empty where workers of other processes compute.
        num_windows: Windows that networks have run so far.
    """

    stage: str = ""
    num_windows: int = 0
