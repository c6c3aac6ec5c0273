"""What a store is, and the one that stores nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from avmeter.features.base import Features


class FeatureKey(NamedTuple):
    """What was measured (content hash or hashes) and by what (fingerprint)."""

    media: str
    fingerprint: str


class Store(Protocol):
    """Where features are stored between runs."""

    def get(self, keys: Iterable[FeatureKey]) -> dict[FeatureKey, Features]:
        """Return those of `keys` that are stored, with their features."""

    def find(self, keys: Iterable[FeatureKey]) -> set[FeatureKey]:
        """Return those of `keys` that are stored; no feature is read."""

    def put(self, key: FeatureKey, features: Features) -> None:
        """Store one feature, within a second."""

    def flush(self) -> None:
        """Make everything put so far durable, unless another process locks the store."""

    def close(self) -> None:
        """Flush and release."""


class NoStore:
    """Stores nothing."""

    def get(self, keys: Iterable[FeatureKey]) -> dict[FeatureKey, Features]:
        """Return nothing."""
        return {}

    def find(self, keys: Iterable[FeatureKey]) -> set[FeatureKey]:
        """Return none."""
        return set()

    def put(self, key: FeatureKey, features: Features) -> None:
        """Drop the feature."""

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
