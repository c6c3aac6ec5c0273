"""How the user wants a run's samples grouped: what is resampled together, and what is broken down by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avmeter.run.columns import column_values
from avmeter.sample import Sample

GROUPING = "grouping"
"""Key in a run's provenance, so that tables, pages and later comparisons of the run agree."""


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
