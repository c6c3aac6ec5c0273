"""A table with a row per system and a column per metric, as papers have it: what is in it, not how it looks."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from avmeter.errors import UsageError
from avmeter.presets import Preset
from avmeter.run.compare import compare
from avmeter.run.results import EvalResults
from avmeter.run.signature import comparable_part, signature
from avmeter.run.summary import summarise


@dataclass(frozen=True, kw_only=True)
class Column:
    """One metric.

    Attributes:
        metric: Name, labelled or not.
        title: What the table calls it.
        direction: "higher" or "lower" is better; None where neither is, or runs do not say.
        scale: Factor of the values.
        digits: Decimals of the values; None for four significant digits.
    """

    metric: str
    title: str
    direction: str | None
    scale: float = 1.0
    digits: int | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One score.

    Attributes:
        value: Times the column's factor; None without one.
        low: Lower end of the 95% interval; None without one.
        high: Its upper end.
        is_best: No other system of the column is better.
        is_as_good: Not the best, but the difference to it is not more than chance.
        is_dummy: Made with stand-in weights.
        is_published: Copied from a paper.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    is_best: bool = False
    is_as_good: bool = False
    is_dummy: bool = False
    is_published: bool = False


@dataclass(frozen=True, kw_only=True)
class SystemTable:
    """Systems by metrics.

    Attributes:
        columns: Metrics.
        rows: System -> a cell per column.
        signatures: One line per column, or several where systems differ: what the scores are.
        notes: What makes the table doubtful, and what was left out of it.
    """

    columns: tuple[Column, ...]
    rows: Mapping[str, tuple[Cell, ...]]
    signatures: tuple[str, ...]
    notes: tuple[str, ...] = ()


def system_table(
    runs: Mapping[str, EvalResults], *, preset: Preset | None = None, published: bool = False, judged: bool = False
) -> SystemTable:
    """Build the table of several systems over one set of clips.

    A corpus score goes before the mean over clips. Nothing is best in a column whose scores do not compare.

    Args:
        runs: System -> its run, in the table's order.
        preset: Decides columns, their titles and factors; default is every metric with a score.
        published: Add the preset's published rows.
        judged: Find out which differences to the best system are no more than chance.

    Raises:
        UsageError: No run has a score of any column.
    """
    columns = _columns(runs, preset)
    summaries = {system: summarise(results)["metrics"] for system, results in runs.items()}
    rows: dict[str, list[Cell]] = {system: [] for system in runs}
    signatures, notes = [], []
    for column in columns:
        own = {system: _cell(summaries[system].get(column.metric), column) for system in runs}
        with_score = [system for system in runs if own[system].value is not None]
        signatures += _signatures(runs, column, with_score)
        if len({comparable_part(runs[system], column.metric) for system in with_score}) > 1:
            notes.append(f"{column.title}: computed in different ways, so nothing is best; see the signatures")
            judge = False
        else:
            own, judge = _mark_best(own, column), judged
        if judge:
            own = _mark_as_good(own, runs, column)
        notes += _count_notes(runs, column, with_score)
        for system, cell in own.items():
            rows[system].append(cell)
    absent = [m.column for m in (preset.metrics if preset else ()) if m.name not in {c.metric for c in columns}]
    if absent:
        notes.append(f"without a score in any run: {', '.join(absent)}")
    if any(cell.is_dummy for cells in rows.values() for cell in cells):
        notes.append("made with stand-in weights; these scores mean nothing")
    table = {system: tuple(cells) for system, cells in rows.items()}
    if published and preset is not None:
        for row in preset.rows:
            table[f"{row.system} ({row.source})"] = tuple(
                Cell(value=row.values.get(c.title), is_published=True) for c in columns
            )
        notes.append("published values are of the source's clips and are never best here")
    return SystemTable(columns=columns, rows=table, signatures=tuple(signatures), notes=tuple(notes))


def _columns(runs: Mapping[str, EvalResults], preset: Preset | None) -> tuple[Column, ...]:
    scored = {name for results in runs.values() for name in _scored_metrics(results)}
    if preset is not None:
        found = [
            Column(metric=m.name, title=m.column, direction=_direction(runs, m.name), scale=m.scale, digits=m.digits)
            for m in preset.metrics
            if m.name in scored
        ]
    else:
        names = dict.fromkeys(name for results in runs.values() for name in results.metric_names)
        found = [Column(metric=n, title=n, direction=_direction(runs, n)) for n in names if n in scored]
    if not found and preset is not None and scored:
        raise UsageError(
            f"{', '.join(runs)}: no score of preset {preset.name}, whose columns are "
            + ", ".join(f"{m.column} ({m.name})" for m in preset.metrics),
            hint=f"without --preset a table has what was scored: {', '.join(sorted(scored))}",
        )
    if not found:
        raise UsageError(
            f"no score for a table in {', '.join(runs)}", hint="`avmeter report RUN` says why scores are absent"
        )
    return tuple(found)


def _scored_metrics(results: EvalResults) -> set[str]:
    in_corpus = {name for name, r in results.corpus.items() if r.score is not None}
    return in_corpus | {name for row in results for name, r in row.items() if r.score is not None}


def _direction(runs: Mapping[str, EvalResults], metric: str) -> str | None:
    found = {results.fact(metric, "direction") for results in runs.values() if metric in results.metric_names}
    direction = found.pop() if len(found) == 1 else None
    return direction if direction in ("higher", "lower") else None


def _cell(summary: Mapping[str, object] | None, column: Column) -> Cell:
    if summary is None:
        return Cell()
    corpus = summary["corpus"]
    if isinstance(corpus, Mapping) and corpus["score"] is not None:
        value, ends = corpus["score"], corpus.get("interval")
    else:
        value, ends = summary["mean"], summary["interval"]
    if not isinstance(value, int | float):
        return Cell()
    low, high = (ends["low"], ends["high"]) if isinstance(ends, Mapping) else (None, None)
    return Cell(
        value=value * column.scale,
        low=None if low is None else low * column.scale,
        high=None if high is None else high * column.scale,
        is_dummy=bool(summary["dummy"]),
    )


def _mark_best(cells: Mapping[str, Cell], column: Column) -> dict[str, Cell]:
    values = [cell.value for cell in cells.values() if cell.value is not None and math.isfinite(cell.value)]
    if column.direction is None or len(values) < 2:
        return dict(cells)
    best = max(values) if column.direction == "higher" else min(values)
    return {system: dataclasses.replace(cell, is_best=cell.value == best) for system, cell in cells.items()}


def _mark_as_good(cells: Mapping[str, Cell], runs: Mapping[str, EvalResults], column: Column) -> dict[str, Cell]:
    best = next((system for system, cell in cells.items() if cell.is_best), None)
    if best is None:
        return dict(cells)
    marked = dict(cells)
    for system, cell in cells.items():
        if cell.is_best or cell.value is None:
            continue
        verdict = _verdict(runs[best], runs[system], column.metric)
        marked[system] = dataclasses.replace(cell, is_as_good=verdict == "no clear difference")
    return marked


def _verdict(best: EvalResults, other: EvalResults, metric: str) -> str | None:
    try:
        found = [c for c in compare(best, other) if c.metric == metric]
    except UsageError:
        return None
    return (found[0].corpus_verdict or found[0].verdict) if found else None


def _signatures(runs: Mapping[str, EvalResults], column: Column, systems: Sequence[str]) -> list[str]:
    by_line: dict[str, list[str]] = {}
    for system in systems:
        by_line.setdefault(signature(runs[system], column.metric), []).append(system)
    if len(by_line) == 1:
        return [f"{column.title}: {line}" for line in by_line]
    return [f"{column.title}, {', '.join(own)}: {line}" for line, own in by_line.items()]


def _count_notes(runs: Mapping[str, EvalResults], column: Column, systems: Sequence[str]) -> list[str]:
    counts = {system: signature(runs[system], column.metric).split("|n:")[-1].partition("|")[0] for system in systems}
    if len(set(counts.values())) < 2:
        return []
    return [f"{column.title}: over different numbers of clips: {', '.join(f'{s} {n}' for s, n in counts.items())}"]
