"""How the user wants a run's samples grouped: what is resampled together, and what is broken down by what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avmeter.metrics.details import without_influences
from avmeter.plain import to_jsonable
from avmeter.result import MetricResult
from avmeter.run.columns import column_values
from avmeter.run.score_table import record_of
from avmeter.sample import Sample

GROUPING = "grouping"
"""Key in a run's provenance, so that tables, pages and later comparisons of the run agree."""
GROUP_SCORES = "group_scores"
"""Key in a run's provenance: column -> value -> metric -> corpus score of that group alone."""
NO_VALUE = "(none)"
"""Name of the group of samples without a value."""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """Columns by which samples are grouped.

    Attributes:
        cluster: Column of the samples that are resampled together, "id" for none; None is `text_prompt` where shared.
        by: Columns by which every metric is broken down.
    """

    cluster: str | None = None
    by: tuple[str, ...] = ()

    @classmethod
    def read(cls, provenance: Mapping[str, Any]) -> Grouping:
        """Return the grouping that a run remembers."""
        facts = provenance.get(GROUPING, {})
        return cls(cluster=facts.get("cluster"), by=tuple(facts.get("by", ())))

    def check(self, samples: Sequence[Sample]) -> None:
        """Refuse a column that no sample has.

        Raises:
            UnknownNameError: There is one.
        """
        for column in (*([self.cluster] if self.cluster is not None else []), *self.by):
            column_values(samples, column)

    def to_facts(self) -> dict[str, Any]:
        """Return the grouping as a run's provenance holds it."""
        return {"cluster": self.cluster, "by": list(self.by)}


def positions_by_value(samples: Sequence[Sample], positions: Sequence[int], column: str) -> dict[str, list[int]]:
    """Return value of a column -> positions of the samples that have it, values in natural order.

    Args:
        samples: Of a run.
        positions: Of those that are grouped.
        column: Name of the column.

    Raises:
        UnknownNameError: No sample has such a column.
    """
    values = column_values(samples, column)
    groups: dict[str, list[int]] = {}
    for position in positions:
        value = values[position]
        groups.setdefault(NO_VALUE if value is None or not value.strip() else value.strip(), []).append(position)
    return {value: groups[value] for value in sorted(groups, key=_natural)}


def group_score(result: MetricResult) -> dict[str, Any]:
    """Return the corpus score of a group as a run's provenance holds it; `interval` is the metric's own."""
    record = record_of(result)
    shown: dict[str, Any] = to_jsonable({**record, "details": without_influences(record["details"])})
    return shown


def _natural(value: str) -> tuple[bool, list[tuple[int, int | str]]]:
    """Sort 2 before 10, and samples without a value last."""
    parts = re.findall(r"\d+|\D+", value)
    return value == NO_VALUE, [(0, int(p)) if p.isdecimal() else (1, p) for p in parts]
