"""Checkpoints that a run would have to fetch: each once, with its size and the metrics that stand on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from avmeter.metrics.base import Metric
from avmeter.metrics.requirements import requirements_of
from avmeter.weights import WeightsSource


@dataclass(frozen=True, kw_only=True)
class MissingCheckpoint:
    """One that is not, or not wholly, on this machine.

    Attributes:
        name: Its name in the catalog.
        size_bytes: Of the files that are missing; None if the size of one is unknown.
        is_exact: False if the size of some file is only known roughly.
        has_source: False if the run cannot fetch it: nobody offers a file, or it fetches nothing (stand-in weights).
        metrics: Those that have no score without it.
        optional_for: Those that measure less without it.
    """

    name: str
    size_bytes: int | None
    is_exact: bool
    has_source: bool
    metrics: tuple[str, ...]
    optional_for: tuple[str, ...] = ()


def missing_checkpoints(metrics: Mapping[str, Metric], source: WeightsSource) -> list[MissingCheckpoint]:
    """Return what these metrics lack, in their order. No network.

    Args:
        metrics: Name -> metric.
        source: Where the weights of the run come from.
    """
    stops: dict[str, list[str]] = {}
    lessens: dict[str, list[str]] = {}
    for name, metric in metrics.items():
        needed = requirements_of(metric)
        for entry in needed.missing_checkpoints(source):
            stops.setdefault(entry, []).append(name)
        for entry in needed.missing_optional_checkpoints(source):
            lessens.setdefault(entry, []).append(name)
    names = dict.fromkeys((*stops, *lessens))
    return [_describe(name, source, stops.get(name, ()), lessens.get(name, ())) for name in names]


def total_bytes(missing: Iterable[MissingCheckpoint]) -> int | None:
    """Return the size of all together; None if that of one is unknown."""
    sizes = [checkpoint.size_bytes for checkpoint in missing]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _describe(
    name: str, source: WeightsSource, metrics: Iterable[str], optional_for: Iterable[str]
) -> MissingCheckpoint:
    files = source.missing_files(name)
    sizes = [file.estimated_bytes for file in files]
    known = [size for size in sizes if size is not None]
    return MissingCheckpoint(
        name=name,
        size_bytes=sum(known) if len(known) == len(sizes) else None,
        is_exact=all(file.size_bytes is not None for file in files),
        has_source=source.fetches and all(file.urls for file in files),
        metrics=tuple(metrics),
        optional_for=tuple(optional_for),
    )
