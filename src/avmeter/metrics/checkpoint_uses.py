"""Which metrics a checkpoint is for, derived from what the metrics need."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from avmeter.errors import UsageError
from avmeter.metrics.base import Metric
from avmeter.metrics.requirements import requirements_of
from avmeter.protocols import PROTOCOLS
from avmeter.registry import METRICS
from avmeter.weights import catalog


def metrics_by_checkpoint() -> dict[str, tuple[str, ...]]:
    """Return catalog name -> names of the built-in metrics that can use it, in any protocol and with any choice.

    A checkpoint without metrics has an empty tuple. Imports every metric and extractor.
    """
    uses: dict[str, dict[str, None]] = {name: {} for name in catalog()}
    for name in sorted(METRICS.builtin()):
        for checkpoint in _checkpoints_of(METRICS.get(name)):
            uses[checkpoint][name] = None
    return {checkpoint: tuple(metrics) for checkpoint, metrics in uses.items()}


def _checkpoints_of(cls: type[Metric]) -> set[str]:
    found: set[str] = set()
    for options in _configurations(cls):
        try:
            found.update(requirements_of(cls(**options)).checkpoints)
        except UsageError:  # choices that do not go together
            continue
    return found & catalog().keys()  # a combination may name a checkpoint that nobody published


def _configurations(cls: type[Metric]) -> Iterator[Mapping[str, Any]]:
    """Every combination of a metric's choices, and the default of each, in every protocol."""
    choices = {"protocol": PROTOCOLS, **{option: (None, *values) for option, values in cls.choices().items()}}
    for values in itertools.product(*choices.values()):
        yield {option: value for option, value in zip(choices, values, strict=True) if value is not None}
