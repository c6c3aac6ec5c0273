"""Per-sample results with their corpus scores and samples: what a run holds, and nothing about files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from avmeter.errors import UsageError
from avmeter.result import MetricResult
from avmeter.sample import Sample

Row = dict[str, MetricResult]

#: Stands in results for a score that is absent without a code (results of user metrics).
UNNAMED_SKIP = "skipped"


class ScoreTable(list[Row]):
    """One dict from metric name to `MetricResult` per sample, in input order.

    Dicts of results in the place of samples are rows.

    Args:
        rows: Results per sample. Samples that are only reference context have an empty dict.
        corpus: Results of the whole set by metric.
        samples: The samples, in the same order.
        provenance: What produced the results: versions, weights, options; see `Evaluator`.

    Attributes:
        log: Warnings of the run, and tracebacks of what failed.

    Raises:
        UsageError: The numbers of rows and samples differ.
    """

    def __init__(
        self,
        rows: Iterable[Mapping[str, MetricResult]] | None = None,
        corpus: Mapping[str, MetricResult] | None = None,
        *,
        samples: Iterable[Sample | Mapping[str, MetricResult]] | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        entries = list(samples or ())
        items = [s for s in entries if isinstance(s, Sample)]
        if rows is None:
            rows = [s for s in entries if not isinstance(s, Sample)]
        super().__init__(dict(row) for row in rows)
        if items and len(items) != len(self):
            raise UsageError(f"{len(self)} rows of results for {len(items)} samples")
        self.corpus: Row = dict(corpus or {})
        self.samples: list[Sample] = items
        self.provenance: dict[str, Any] = dict(provenance or {})
        self.log = ""

    @property
    def sample_ids(self) -> list[str]:
        """Names of the samples; their positions where nothing is known about them."""
        return [s.id for s in self.samples] if self.samples else [str(i) for i in range(len(self))]

    @property
    def scored_positions(self) -> list[int]:
        """Positions of the samples to be scored, which are those that are not reference context."""
        if not self.samples:
            return list(range(len(self)))
        return [i for i, s in enumerate(self.samples) if s.role == "generated"]

    @property
    def metric_names(self) -> list[str]:
        """Names of all metrics that have a result, per-sample ones first, in their order."""
        return list(dict.fromkeys([*(name for row in self for name in row), *self.corpus]))

    @property
    def is_dummy(self) -> bool:
        """True if any result was made with stand-in weights."""
        return any(r.dummy for row in self for r in row.values()) or any(r.dummy for r in self.corpus.values())

    def fact(self, metric: str, name: str) -> Any:
        """Return a fact about a metric from the provenance, such as "direction" or "unit"; None if unknown."""
        facts = self.provenance.get("metrics", {})
        return facts.get(metric, {}).get(name) if isinstance(facts, Mapping) else None

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one dict per sample and metric: sample_id, metric, score, skip_code, reason, hint, dummy, details."""
        return [
            {"sample_id": sample_id, "metric": name, **record_of(result)}
            for sample_id, row in zip(self.sample_ids, self, strict=True)
            for name, result in row.items()
        ]


def record_of(result: MetricResult) -> dict[str, Any]:
    """Return the parts of a result by name, as the files of a run hold them."""
    return {
        "score": result.score,
        "skip_code": skip_code(result),
        "reason": skip_reason(result),
        "hint": result.skip.hint if result.skip is not None else None,
        "dummy": result.dummy,
        "details": result.details,
    }


def skip_code(result: MetricResult) -> str | None:
    """Return why there is no score, for machines; None if there is one."""
    if result.score is not None:
        return None
    return str(result.skip.code) if result.skip is not None else UNNAMED_SKIP


def skip_reason(result: MetricResult) -> str | None:
    """Return why there is no score, in words; None if there is one."""
    if result.score is not None:
        return None
    return result.skip.reason if result.skip is not None else str(result.details.get("skipped", "no reason given"))


def scored(results: Sequence[MetricResult | None]) -> list[float]:
    """Return the scores among these results."""
    return [r.score for r in results if r is not None and r.score is not None]
