"""How much of what a run needs is in the store already."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class StoreShare:
    """Numbers of features by extractor.

    Attributes:
        needed: Identity of an extractor -> features that metrics read.
        stored: Identity of an extractor -> those of them that are in the store.
    """

    needed: dict[str, int] = field(default_factory=dict)
    stored: dict[str, int] = field(default_factory=dict)

    def add(self, identity: str, *, is_stored: bool) -> None:
        """Count one feature."""
        self.needed[identity] = self.needed.get(identity, 0) + 1
        self.stored[identity] = self.stored.get(identity, 0) + is_stored

    def extend(self, other: StoreShare) -> None:
        """Add the numbers of other samples."""
        for mine, theirs in ((self.needed, other.needed), (self.stored, other.stored)):
            for identity, count in theirs.items():
                mine[identity] = mine.get(identity, 0) + count

    @property
    def num_needed(self) -> int:
        """Features of all extractors."""
        return sum(self.needed.values())

    @property
    def num_stored(self) -> int:
        """Features of all extractors that are in the store."""
        return sum(self.stored.values())

    def missing(self, identity: str) -> int:
        """Return how many features an extractor would have to compute."""
        return self.needed.get(identity, 0) - self.stored.get(identity, 0)
