"""How much was computed, for tests and for the provenance of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Counts:
    """Numbers of features and windows.

    Attributes:
        computed: Extractor name -> features computed.
        store_reads: Features read from the store: one that several chunks need is read, and counted, in each.
        windows: Extractor name -> windows run.
        timed: Identity of an extractor -> features computed, for `seconds`.
        seconds: Identity of an extractor -> seconds until its features were there, without the loading of its network.
            Of extractors that run side by side each second counts for the one whose windows came next.
    """

    computed: dict[str, int] = field(default_factory=dict)
    store_reads: int = 0
    windows: dict[str, int] = field(default_factory=dict)
    timed: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add_feature(self, extractor: str) -> None:
        """Count a feature that was computed."""
        self.computed[extractor] = self.computed.get(extractor, 0) + 1

    def add_windows(self, extractor: str, count: int) -> None:
        """Count windows that were run."""
        self.windows[extractor] = self.windows.get(extractor, 0) + count

    def add_time(self, identity: str, *, seconds: float, features: int = 0) -> None:
        """Count time that an extractor took, and features that it made in that time."""
        self.seconds[identity] = self.seconds.get(identity, 0.0) + seconds
        self.timed[identity] = self.timed.get(identity, 0) + features

    def copy(self) -> Counts:
        """Return the numbers as they are now."""
        return self.plus(Counts())

    def plus(self, other: Counts) -> Counts:
        """Return the sums of both."""
        return Counts(
            computed=dict(Counter(self.computed) + Counter(other.computed)),
            store_reads=self.store_reads + other.store_reads,
            windows=dict(Counter(self.windows) + Counter(other.windows)),
            timed=dict(Counter(self.timed) + Counter(other.timed)),
            seconds=_sums(self.seconds, other.seconds),
        )

    def since(self, before: Counts) -> Counts:
        """Return what was added after `before`, a copy of an earlier time."""
        return Counts(
            computed={k: n for k, v in self.computed.items() if (n := v - before.computed.get(k, 0))},
            store_reads=self.store_reads - before.store_reads,
            windows={k: n for k, v in self.windows.items() if (n := v - before.windows.get(k, 0))},
            timed={k: n for k, v in self.timed.items() if (n := v - before.timed.get(k, 0))},
            seconds={k: s for k, v in self.seconds.items() if (s := v - before.seconds.get(k, 0.0)) > 0},
        )


def _sums(a: Mapping[str, float], b: Mapping[str, float]) -> dict[str, float]:
    return {key: a.get(key, 0.0) + b.get(key, 0.0) for key in (*a, *(k for k in b if k not in a))}
