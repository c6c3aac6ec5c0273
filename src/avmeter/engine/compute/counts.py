"""How much was computed, for tests and for the provenance of a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Counts:
    """Numbers of features and windows.

    Attributes:
        computed: Extractor name -> features computed.
        from_store: Features taken from the store.
        windows: Extractor name -> windows run.
    """

    computed: dict[str, int] = field(default_factory=dict)
    from_store: int = 0
    windows: dict[str, int] = field(default_factory=dict)

    def add_feature(self, extractor: str) -> None:
        """Count a feature that was computed."""
        self.computed[extractor] = self.computed.get(extractor, 0) + 1

    def add_windows(self, extractor: str, count: int) -> None:
        """Count windows that were run."""
        self.windows[extractor] = self.windows.get(extractor, 0) + count

    def copy(self) -> Counts:
        """Return the numbers as they are now."""
        return self.plus(Counts())

    def plus(self, other: Counts) -> Counts:
        """Return the sums of both."""
        return Counts(
            computed=dict(Counter(self.computed) + Counter(other.computed)),
            from_store=self.from_store + other.from_store,
            windows=dict(Counter(self.windows) + Counter(other.windows)),
        )

    def since(self, before: Counts) -> Counts:
        """Return what was added after `before`, a copy of an earlier time."""
        return Counts(
            computed={k: n for k, v in self.computed.items() if (n := v - before.computed.get(k, 0))},
            from_store=self.from_store - before.from_store,
            windows={k: n for k, v in self.windows.items() if (n := v - before.windows.get(k, 0))},
        )
