"""Cheap metrics of sound that tests of trainings register."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from avmeter.registry import register
from support.registrations import forgotten_registrations

RATE = 16_000


class Level:
    """Mean of |x|; nothing for silence."""

    def compute(self, sample: dict[str, Any]) -> float | None:
        level = float(sample["audio"][0].abs().mean())
        return level if level else None


class Spread:
    """Largest minus smallest level of a set: no mean of parts."""

    def reset(self) -> None:
        self.levels: list[float] = []

    def accumulate(self, sample: dict[str, Any]) -> None:
        self.levels.append(float(sample["audio"][0].abs().mean()))

    def merge_from(self, other: Spread) -> None:
        self.levels += other.levels

    def finalize(self) -> float:
        return max(self.levels) - min(self.levels)


@pytest.fixture
def level_metrics() -> Iterator[None]:
    """`user.level` and `user.spread`, for the time of a test."""
    with forgotten_registrations():
        register("user.level")(Level)
        register("user.spread")(Spread)
        yield


def samples_of(*levels: float) -> list[dict[str, Any]]:
    """Half a second of sound at each level."""
    return [{"audio": (torch.full((RATE // 2,), level), RATE)} for level in levels]
