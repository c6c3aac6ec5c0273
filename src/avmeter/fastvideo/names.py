"""FastVideo's metrics by name, from `names.csv`: which of them avmeter has, and what the others would need."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from avmeter.errors import MissingDependencyError
from avmeter.registry import METRICS

_CALLED_HERE = {
    "physics_iq": "physics_iq.score",
    "videoscore2": "videoscore2.score",
}  # a name is a group or a metric here, not both


@dataclass(frozen=True, kw_only=True)
class MetricName:
    """A metric of FastVideo.

    Attributes:
        name: "group.metric", or one word.
        of: What it has a score of: "sample" or "corpus".
        inputs: Keys of a sample that it reads.
        needs: Networks or services behind it.
        instead: What avmeter has that comes near; "" for nothing.
    """

    name: str
    of: str
    inputs: str
    needs: str
    instead: str

    @property
    def here(self) -> str:
        """Name that the metric has, or would have, in avmeter."""
        return _CALLED_HERE.get(self.name, self.name)

    @property
    def reason(self) -> str:
        """Why it has no score, in a sentence."""
        needs = "" if self.needs == "no weights" else f"; it needs {self.needs}"
        return f"{self.name} is not in avmeter yet{needs}"

    @property
    def hint(self) -> str:
        """What to do about it."""
        return self.instead or "FastVideo itself computes it; `list_metrics()` shows what there is here"

    def error(self) -> MissingDependencyError:
        """The error for a caller who cannot do without."""
        return MissingDependencyError(self.reason, hint=self.hint)


@functools.cache
def fastvideo_names() -> Mapping[str, MetricName]:
    """Return FastVideo's metrics by name."""
    text = resources.files("avmeter.fastvideo").joinpath("names.csv").read_text("utf-8")
    return {row["name"]: MetricName(**row) for row in csv.DictReader(text.splitlines())}


def absent_names(selector: str) -> list[MetricName]:
    """Return the metrics of FastVideo that a name or group means and avmeter does not have."""
    here = set(METRICS.names())
    return [
        metric
        for name, metric in fastvideo_names().items()
        if metric.here not in here and (name == selector or name.startswith(f"{selector}."))
    ]


def split_selectors(selectors: Sequence[str] | str) -> tuple[list[str], dict[str, MetricName]]:
    """Return the names and groups that avmeter can resolve or must refuse, and the metrics that it does not have.

    Args:
        selectors: Names, groups or "all", which is everything that avmeter has; a text may hold several, with commas.
    """
    if isinstance(selectors, str):
        selectors = [s.strip() for s in selectors.split(",") if s.strip()]
    here = METRICS.names()
    present: list[str] = []
    absent: dict[str, MetricName] = {}
    for selector in selectors:
        found = absent_names(selector)
        absent |= {metric.name: metric for metric in found}
        if not found or any(name.startswith(f"{selector}.") for name in here):
            present.append(selector)
    return present, absent
