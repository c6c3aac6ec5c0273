"""Every metric by the values of a column: language, speaker, model, or whatever the samples bring along.

`breakdown.csv` has one row per column, value and metric. Means have their intervals; corpus scores are computed anew
for each value where they are ratios of sums, as word error rates are. Others (Fréchet, kernel) compare sets of
embeddings, which a run does not hold: `Evaluator.evaluate_groups` computes them for each group alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from avmeter.result import DUMMY_MARK
from avmeter.run.clusters import Clusters
from avmeter.run.grouping import GROUP_SCORES, positions_by_value
from avmeter.run.metric_summary import Part, summarise_metric
from avmeter.run.score_table import ScoreTable
from avmeter.run.spreadsheet import spreadsheet_cell

BREAKDOWN_HEADER = (
    "column", "value", "metric", "direction", "n_scored", "n_given", "mean", "low", "high", "method", "clusters",
    "corpus", "corpus_low", "corpus_high", "mark", "note",
)  # fmt: skip


def break_down(
    results: ScoreTable, columns: Sequence[str], clusters: Clusters | None
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return column -> value -> `num_samples` and `metrics`, each as in the summary of the whole run.

    Raises:
        UnknownNameError: No sample has such a column.
    """
    return {column: _by_value(results, column, clusters) for column in columns}


def _by_value(results: ScoreTable, column: str, clusters: Clusters | None) -> dict[str, dict[str, Any]]:
    scores = results.provenance.get(GROUP_SCORES, {}).get(column, {})
    broken_down = {}
    for value, positions in positions_by_value(results.samples, results.scored_positions, column).items():
        group = Part(positions=positions, clusters=clusters, is_whole=False, corpus_scores=scores.get(value, {}))
        metrics = {name: summarise_metric(results, name, group) for name in results.metric_names}
        broken_down[value] = {"num_samples": len(positions), "metrics": metrics}
    return broken_down


def breakdown_csv(breakdown: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Return the table of `breakdown.csv`."""
    lines: list[Sequence[str]] = [BREAKDOWN_HEADER]
    for column, groups in breakdown.items():
        for value, group in groups.items():
            for name, facts in group["metrics"].items():
                lines.append([_cell(c) for c in (column, value, name, *_cells(facts))])
    return "".join(f"{','.join(cells)}\n" for cells in lines)


def _cell(value: str | float | None) -> str:
    if isinstance(value, str):
        return spreadsheet_cell(value)
    return "" if value is None else repr(value)


def _cells(facts: dict[str, Any]) -> list[Any]:
    corpus = facts["corpus"] or {"score": None, "interval": None, "reason": None}
    mean, own = facts["interval"] or {}, corpus["interval"] or {}
    note = "; ".join(text for text in (facts["note"], corpus["reason"]) if text)
    return [
        facts["direction"],
        facts["n_scored"],
        facts["n_given"],
        facts["mean"],
        mean.get("low"),
        mean.get("high"),
        mean.get("method"),
        facts["clusters"],
        corpus["score"],
        own.get("low"),
        own.get("high"),
        DUMMY_MARK if facts["dummy"] else "",
        note,
    ]
