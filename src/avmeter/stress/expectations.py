"""How each metric should react to known damage: data, one file per metric, each expectation with its reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, get_args

from avmeter.errors import UsageError

Kind = Literal["worse", "invariant", "monotone", "separable", "equals", "at_least", "changes_by"]


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """One expectation of a metric.

    Attributes:
        metric: Metric name.
        variant: Name of the damage.
        kind: "worse" than the original by `tolerance` or more; "invariant": within `tolerance` of it; "monotone":
            worse with every dose; "separable": worse on clip after clip, beyond chance; "equals" `value` within
            `tolerance`; "at_least" `value`; "changes_by" `value` within `tolerance`.
        value: What "equals", "at_least" and "changes_by" compare with.
        tolerance: In units of the score, or with `relative_to` a share of the change under that damage.
        relative_to: Name of a damage that is strong without doubt.
        trend: Of a monotone reaction, for metrics without a better side: "rises" or "falls".
        reason: Why.

    Raises:
        UsageError: A value that does not fit the kind.
    """

    metric: str
    variant: str
    kind: Kind
    value: float | None = None
    tolerance: float = 0.0
    relative_to: str | None = None
    trend: Literal["rises", "falls"] | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        where = f"expectation of {self.metric} under {self.variant}"
        if self.kind not in get_args(Kind):
            raise UsageError(f"{where}: kind is {self.kind!r}", hint=f"known: {', '.join(get_args(Kind))}")
        if (self.value is None) == (self.kind in ("equals", "at_least", "changes_by")):
            raise UsageError(f"{where}: kind {self.kind!r} {'needs' if self.value is None else 'takes no'} `value`")
        if self.relative_to is not None and self.kind not in ("worse", "invariant"):
            raise UsageError(f"{where}: kind {self.kind!r} takes no `relative_to`")


def load_expectations() -> tuple[Expectation, ...]:
    """Load all expectations that come with the package."""
    found: list[Expectation] = []
    for file in sorted(resources.files("avmeter.stress").joinpath("expectations").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            found.extend(_parse(tomllib.loads(file.read_text("utf-8"))))
    return tuple(found)


def _parse(table: dict[str, Any]) -> list[Expectation]:
    return [Expectation(metric=table["metric"], **entry) for entry in table["expect"]]
