"""What lists say of the metrics of this package, out of `index.json`: asking every metric would import torch.

`docs/generate.py` writes the file out of the metrics themselves, and a test holds it to them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from avmeter.registry import missing_packages
from avmeter.weights import WeightsSource


@dataclass(frozen=True, kw_only=True)
class Card:
    """A metric with its default options.

    Attributes:
        question: What it answers.
        good_value: What to expect of good clips, and of bad ones.
        not_seen: What it does not see.
        direction: "higher", "lower" or "none": what is better.
        kind: "corpus" if a clip alone has no score, else "sample".
        fields: Sample fields that it reads, sorted.
        optional_fields: Those of them that only add to the details.
        checkpoints: Without these there is no score.
        optional_checkpoints: Without these it measures less.
        packages: Importable packages that it needs.
        obstacle: What of it is not in avmeter, and what to use instead; "" if all is.
        variables: Environment variables without which it has nobody to ask.
    """

    question: str
    good_value: str
    not_seen: str
    direction: str
    kind: str
    fields: tuple[str, ...]
    optional_fields: tuple[str, ...]
    checkpoints: tuple[str, ...]
    optional_checkpoints: tuple[str, ...]
    packages: tuple[str, ...]
    obstacle: str
    variables: tuple[str, ...]

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Card:
        """Return the card of JSON values."""
        content: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**content)

    def has_packages(self) -> bool:
        """Return True if every package that it needs is installed."""
        return not missing_packages(self.packages)

    def missing_checkpoints(self, source: WeightsSource) -> list[str]:
        """Return those without which there is no score, and which are not on this machine; sorted."""
        return sorted(e for e in self.checkpoints if not source.available(e))

    def missing_optional_checkpoints(self, source: WeightsSource) -> list[str]:
        """Return those that only optional needs use, and which are not on this machine; sorted."""
        return sorted(e for e in self.optional_checkpoints if not source.available(e))


@cache
def cards() -> Mapping[str, Card]:
    """Return name of a built-in metric -> its card."""
    return MappingProxyType({name: Card.parse(values) for name, values in _content()["metrics"].items()})


def metrics_for_checkpoints() -> Mapping[str, tuple[str, ...]]:
    """Return name of a checkpoint -> built-in metrics that can use it, as `metrics_by_checkpoint` finds them."""
    return MappingProxyType({name: tuple(metrics) for name, metrics in _content()["checkpoints"].items()})


@cache
def _content() -> Any:
    return json.loads((files("avmeter.metrics") / "index.json").read_text(encoding="utf-8"))
