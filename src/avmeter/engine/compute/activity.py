"""What a computer is doing right now, for whoever shows it: written by the computing thread, read by any."""

from __future__ import annotations

from dataclasses import dataclass

COMPUTING = "computing "
"""Stands before the name of a network at work."""


@dataclass(kw_only=True)
class Activity:
    """A stage, and how far it is.

    Attributes:
        stage: In words, such as "decoding" or "loading passt"; empty where workers of other processes compute.
        running: Extractors of the batches that are begun and not finished, the oldest first.
        num_windows: Windows that networks have run so far.
    """

    stage: str = ""
    running: tuple[str, ...] = ()
    num_windows: int = 0

    @property
    def doing(self) -> str:
        """What is done right now, in words: the network that is waited for, or else the stage."""
        running = self.running
        return f"{COMPUTING}{running[0]}" if running else self.stage

    def begin(self, extractor: str) -> None:
        """Note a batch that is begun."""
        self.running = (*self.running, extractor)

    def finish(self, extractor: str, *, num_windows: int) -> None:
        """Note that a batch is finished, and how many windows it had."""
        running = list(self.running)
        running.remove(extractor)
        self.running = tuple(running)
        self.num_windows += num_windows

    def reset(self, stage: str) -> None:
        """Begin a stage in which no batch is under way, whatever became of those before it."""
        self.stage = stage
        self.running = ()
