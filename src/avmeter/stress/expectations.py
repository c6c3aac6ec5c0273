"""What each metric should do when a clip is damaged in a known way: data, one file per metric, each with its reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

Kind = Literal["worse", "invariant", "monotone"]


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """One promise of a metric.

    Attributes:
        metric: Metric name.
        variant: Name of the damage.
        kind: "worse" than the original, "invariant" (within `tolerance` of it), or "monotone": worse with the dose.
        tolerance: Allowed change, in units of the score ("invariant"); least change ("worse").
        reason: Why.
    """

    metric: str
    variant: str
    kind: Kind
    tolerance: float = 0.0
    reason: str = ""


@lru_cache
def load_expectations() -> tuple[Expectation, ...]:
    """All expectations that come with the package."""
    found: list[Expectation] = []
    for file in sorted(resources.files("avmeter.stress").joinpath("expectations").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            found.extend(_parse(tomllib.loads(file.read_text("utf-8"))))
    return tuple(found)


def _parse(table: dict[str, Any]) -> list[Expectation]:
    return [Expectation(metric=table["metric"], **entry) for entry in table["expect"]]
