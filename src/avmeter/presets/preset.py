"""What a preset says, read from its file in `presets/data/`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from avmeter.errors import UnknownNameError
from avmeter.protocols import check_protocol

_DATA = "avmeter.presets"


@dataclass(frozen=True, kw_only=True)
class PresetMetric:
    """One column of the table that a preset reproduces.

    Attributes:
        name: Metric, labelled or not.
        column: What the table calls it.
        scale: Factor of the table's values ("IB-score" is published times 100).
        digits: Decimals of the table's values.
        options: Options of the metric.
    """

    name: str
    column: str
    scale: float = 1.0
    digits: int = 2
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PublishedRow:
    """Values that a paper reports.

    Attributes:
        system: Whose.
        source: Where they stand.
        values: Column -> value, as published.
    """

    system: str
    source: str
    values: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Metrics and settings that reproduce a published table.

    Attributes:
        name: As chosen with `--preset`.
        title: What it is for.
        source: The paper or program whose table it is.
        protocol: How clips are read.
        clips: Which clips the published values are of, and how many.
        videos_from_references: Sound without a video is scored with the video of its reference.
        metrics: Columns, in the table's order.
        deviations: Where a run differs from the source, one sentence each.
        rows: Known published rows.
    """

    name: str
    title: str
    source: str
    protocol: str
    clips: str
    metrics: tuple[PresetMetric, ...]
    videos_from_references: bool = False
    deviations: tuple[str, ...] = ()
    rows: tuple[PublishedRow, ...] = ()

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Names of its metrics, in order."""
        return tuple(metric.name for metric in self.metrics)

    @property
    def options(self) -> dict[str, dict[str, Any]]:
        """Name of a metric -> its options, where it has any."""
        return {metric.name: dict(metric.options) for metric in self.metrics if metric.options}

    def keywords(self) -> dict[str, Any]:
        """Return the arguments of `create_evaluator` that the preset decides.

        Metrics that lack a package are left out with a warning, as those of a group are.
        """
        return {
            "metrics": list(self.metric_names),
            "protocol": self.protocol,
            "options": self.options,
            "skip_missing_deps": True,
        }


def preset_names() -> list[str]:
    """Return the names of all presets, sorted."""
    folder = resources.files(_DATA).joinpath("data")
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def _facts(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(_DATA).joinpath("data", f"{name}.toml").read_text("utf-8"))


def _unknown(name: str) -> UnknownNameError:
    """Return an error whose hint has the presets of a paper, harness or benchmark of this name, where there are any."""
    found = [
        f"`{known}` ({facts['title']})"
        for known in preset_names()
        if _plain(name) and _plain(name) in _plain(f"{(facts := _facts(known))['title']} {facts['source']}")
    ]
    if not found:
        return UnknownNameError.among("preset", name, preset_names())
    return UnknownNameError(f"unknown preset `{name}`", hint=f"did you mean {' or '.join(found)}?")


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def load_preset(name: str) -> Preset:
    """Return the preset called `name`.

    Raises:
        UnknownNameError: There is none of that name.
    """
    if name not in preset_names():
        raise _unknown(name)
    facts = _facts(name)
    columns = facts.pop("columns")
    return Preset(
        name=name,
        title=facts.pop("title"),
        source=facts.pop("source"),
        protocol=check_protocol(facts.pop("protocol")),
        clips=facts.pop("clips"),
        videos_from_references=facts.pop("videos_from_references", False),
        metrics=tuple(PresetMetric(**column) for column in columns),
        deviations=tuple(facts.pop("deviations", ())),
        rows=tuple(PublishedRow(**row) for row in facts.pop("rows", ())),
    )
