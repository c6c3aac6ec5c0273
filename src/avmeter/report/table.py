"""Tables of a run and of a comparison, for the terminal and for Markdown."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from avmeter.plain import sanitise
from avmeter.report.format import (
    ABSENT,
    MARK,
    format_corpus,
    format_interval,
    format_number,
    format_score,
    shorten,
    with_arrow,
)
from avmeter.report.widths import fit_blocks, fit_widths, fits_in_words
from avmeter.result import DUMMY_MARK
from avmeter.run import Comparison, EvalResults
from avmeter.run.score_table import skip_code, skip_reason
from avmeter.stats.bootstrap import Interval

#: Up to this many samples are shown one by one.
MOST_SAMPLES = 20
#: Up to this many values of a column are shown in the terminal.
MOST_GROUPS = 20
_MOST_SKIPS = 12
_MOST_HINTS = 5
_MOST_SKIP_NAMES = 3
_OPTIONS = {"reference_text": "--reference-text", "text_prompt": "--text-prompt", "language": "--language"}
_ID_WIDTH = 44
_NATURAL_WIDTH = 10_000
_DUMMY_NOTE = f"{MARK}: made with stand-in weights; these scores mean nothing"
_VERDICT_STYLES = {"better": "green", "worse": "red"}


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table before it is styled: cells are plain, sanitised text."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    num_left: int = 1  # leading columns that hold text, left-aligned


def print_run(
    results: EvalResults,
    *,
    console: Console | None = None,
    most_samples: int = MOST_SAMPLES,
    summary: Mapping[str, Any] | None = None,
) -> None:
    """Print a run: each sample if there are few, their summary, and what was skipped.

    Args:
        results: The run.
        console: Where to print; default is standard output, at full width if that is not a terminal.
        most_samples: Up to this many samples are shown one by one.
        summary: That of the run, where it was made already.
    """
    out = console or _console()
    summary = results.summary() if summary is None else summary
    for grid in run_grids(results, summary, most_samples=most_samples, width=out.width):
        _print_grid(grid, out)
    for line in _hint_lines(results):
        out.print(Text(line))
    for line in caveat_lines(summary):
        out.print(Text(line, style="yellow"))
    if results.is_dummy:
        out.print(Text(_DUMMY_NOTE, style="bold red"))


def print_comparison(comparisons: Iterable[Comparison], *, console: Console | None = None) -> None:
    """Print differences of two runs, B minus A."""
    found = list(comparisons)
    out = console or _console()
    _print_grid(comparison_grid(found), out)
    for note in _comparison_notes(found):
        out.print(Text(note, style="yellow"))


def markdown_table(results: EvalResults, *, most_samples: int = MOST_SAMPLES) -> str:
    """Render the tables of `print_run` in Markdown."""
    summary = results.summary()
    parts = [_markdown(g) for g in run_grids(results, summary, most_samples=most_samples, width=_NATURAL_WIDTH)]
    parts += ["".join(f"- {_markdown_cell(line)}\n" for line in caveat_lines(summary))]
    if results.is_dummy:
        parts.append(f"**{_markdown_cell(_DUMMY_NOTE)}**\n")
    return "\n".join(part for part in parts if part)


def markdown_comparison(comparisons: Iterable[Comparison]) -> str:
    """Render the table of `print_comparison` in Markdown."""
    found = list(comparisons)
    notes = "".join(f"- {_markdown_cell(n)}\n" for n in _comparison_notes(found))
    return _markdown(comparison_grid(found)) + (f"\n{notes}" if notes else "")


def run_grids(results: EvalResults, summary: Mapping[str, Any], *, most_samples: int, width: int) -> list[Grid]:
    """Build the tables that a run is shown in."""
    positions = results.scored_positions
    title = f"Summary of {len(positions)} samples"
    grids: list[Grid] = []
    if len(positions) == 1:
        grids.append(_one_sample(results, positions[0]))
    elif positions:
        if len(positions) <= most_samples:
            grids += _sample_grids(results, positions, width)
        grids.append(_summary_grid(title, summary["metrics"]))
    if not positions and results.corpus:
        grids.append(_summary_grid(title, summary["metrics"]))
    grids += breakdown_grids(summary)
    skips = _skip_grid(results)
    return [*grids, skips] if skips is not None else grids


def comparison_grid(comparisons: Sequence[Comparison]) -> Grid:
    """Build a table with one row per metric, and one more for a corpus score beside the scores of samples."""
    rows = [row for c in comparisons for row in _comparison_rows(c)]
    header = ("metric", "B is", "A", "B", "B − A", "95% interval", "n")
    names = {(c.run_a, c.run_b) for c in comparisons} - {("A", "B")}
    title = "".join(f", A = {a}, B = {b}" for a, b in names)
    return Grid(title=sanitise(f"B against A{title}"), header=header, rows=_clean_rows(rows), num_left=2)


def _comparison_rows(c: Comparison) -> list[tuple[str, ...]]:
    name = with_arrow(c.metric, c.direction) + (f" {MARK}" if c.dummy else "")
    counted = str(c.num_paired) + (f" ({c.clusters})" if c.clusters else "")
    if c.num_paired == 0:
        return [_comparison_row((name, c.verdict), (c.corpus_a, c.corpus_b, c.difference), c.interval, "corpus")]
    rows = [_comparison_row((name, c.verdict), (c.mean_a, c.mean_b, c.difference), c.interval, counted)]
    if c.corpus_verdict is not None:
        scores = (c.corpus_a, c.corpus_b, c.corpus_difference)
        rows.append(_comparison_row((f"{name}, corpus", c.corpus_verdict), scores, c.corpus_interval, "corpus"))
    return rows


def _comparison_row(
    names: tuple[str, str], scores: tuple[float | None, ...], interval: Interval | None, counted: str
) -> tuple[str, ...]:
    ends = None if interval is None else {"low": interval.low, "high": interval.high}
    return (*names, *map(format_number, scores), format_interval(ends), counted)


def _comparison_notes(comparisons: Sequence[Comparison]) -> list[str]:
    notes = [sanitise(f"{c.metric}: {note}") for c in comparisons for note in c.notes]
    return [*notes, _DUMMY_NOTE] if any(c.dummy for c in comparisons) else notes


def _one_sample(results: EvalResults, position: int) -> Grid:
    rows = []
    for name, result in results[position].items():
        unit = str(results.fact(name, "unit") or "")
        rows.append((with_arrow(name, results.fact(name, "direction")), format_score(result), unit))
    for name, result in results.corpus.items():
        if name not in results[position]:
            rows.append((with_arrow(name, results.fact(name, "direction")), format_score(result), "corpus"))
    title = shorten(sanitise(results.sample_ids[position]), 2 * _ID_WIDTH)
    return Grid(title=title, header=("metric", "score", "unit"), rows=_clean_rows(rows))


def _sample_grids(results: EvalResults, positions: Sequence[int], width: int) -> list[Grid]:
    """Build tables of samples by metrics, as many as the width asks for."""
    names = list(dict.fromkeys(n for row in results for n in row))
    ids = [shorten(sanitise(results.sample_ids[i]), _ID_WIDTH) for i in positions]
    heads = {n: with_arrow(n, results.fact(n, "direction")) for n in names}
    columns = {n: [format_score(results[i].get(n)) for i in positions] for n in names}
    grids, block = [], list[str]()
    room = width - max(map(len, ids)) - 4
    used = 0
    for name in names:
        needed = max(len(heads[name]), *map(len, columns[name])) + 3
        if block and used + needed > room:
            grids.append(_sample_grid(ids, block, heads, columns))
            block, used = [], 0
        block.append(name)
        used += needed
    return [*grids, _sample_grid(ids, block, heads, columns)] if block else grids


def _sample_grid(
    ids: Sequence[str], names: Sequence[str], heads: dict[str, str], columns: dict[str, list[str]]
) -> Grid:
    rows = [(sample_id, *(columns[n][i] for n in names)) for i, sample_id in enumerate(ids)]
    return Grid(title="Samples", header=("sample", *(heads[n] for n in names)), rows=_clean_rows(rows))


def _summary_grid(title: str, metrics: Mapping[str, Mapping[str, Any]]) -> Grid:
    """Build a table of summaries of metrics; each interval stands right of the number that it is of."""
    rows = []
    for name, facts in metrics.items():
        corpus, counted = facts["corpus"], ABSENT
        if facts["n_given"] is not None:
            counted = f"{facts['n_scored']}/{facts['n_given']}"
        rows.append(
            (
                with_arrow(name, facts["direction"]) + (f" {MARK}" if facts["dummy"] else ""),
                format_corpus(corpus),
                format_interval(corpus["interval"] if corpus is not None else None),
                format_number(facts["mean"]),
                format_interval(facts["interval"]),
                format_number(facts["median"]),
                format_number(facts["std"]),
                counted,
            )
        )
    header = ("metric", "corpus", "95% of corpus", "mean", "95% interval", "median", "std", "scored")
    return Grid(title=title, header=header, rows=_clean_rows(rows))


def breakdown_grids(summary: Mapping[str, Any]) -> list[Grid]:
    """Build a table for each column by which a run is broken down: values by metrics."""
    return [_breakdown_grid(column, groups) for column, groups in summary.get("by", {}).items()]


def _breakdown_grid(column: str, groups: Mapping[str, Any]) -> Grid:
    rows = []
    for value, group in list(groups.items())[:MOST_GROUPS]:
        for name, facts in group["metrics"].items():
            corpus = facts["corpus"]
            rows.append(
                (
                    shorten(sanitise(value), _ID_WIDTH),
                    with_arrow(name, facts["direction"]) + (f" {MARK}" if facts["dummy"] else ""),
                    format_corpus(corpus),
                    format_interval(corpus["interval"] if corpus is not None else None),
                    format_number(facts["mean"]),
                    format_interval(facts["interval"]),
                    ABSENT if facts["n_given"] is None else f"{facts['n_scored']}/{facts['n_given']}",
                )
            )
    more = f", the first {MOST_GROUPS} of {len(groups)}" if len(groups) > MOST_GROUPS else ""
    header = (column, "metric", "corpus", "95% of corpus", "mean", "95% interval", "scored")
    return Grid(title=sanitise(f"By {column}{more}"), header=header, rows=_clean_rows(rows), num_left=2)


def caveat_lines(summary: Mapping[str, Any]) -> list[str]:
    """Return what changes the meaning of the numbers, a line per metric, and what was resampled together."""
    clusters = dict.fromkeys(f["clusters"] for f in summary["metrics"].values() if f["clusters"])
    lines = [f"{name}: {facts['note']}" for name, facts in summary["metrics"].items() if facts["note"]]
    return [sanitise(line) for line in (*map(_in_words, clusters), *lines)]


def _in_words(clusters: str) -> str:
    return f"intervals count clips that share a value once: {clusters} (--cluster id: each clip by itself)"


def _skip_grid(results: EvalResults) -> Grid | None:
    """Build the table of what was skipped: a row for each metric and code, with how many clips and the first names.

    A score of the corpus that is absent because clips were skipped is in their row.
    """
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for sample_id, row in zip(results.sample_ids, results, strict=True):
        for name, result in row.items():
            if result.score is None:
                reason = str(skip_reason(result)).removeprefix(f"{sample_id}: ")
                groups.setdefault((name, str(skip_code(result))), []).append((sample_id, reason))
    of_clips = {name for name, _ in groups}
    for name, result in results.corpus.items():
        if result.score is None and name not in of_clips:
            groups[name, str(skip_code(result))] = [("corpus", str(skip_reason(result)))]
    if not groups:
        return None
    rows = [_skip_row(name, code, skips) for (name, code), skips in list(groups.items())[:_MOST_SKIPS]]
    more = f", the first {_MOST_SKIPS} of {len(groups)} reasons" if len(groups) > _MOST_SKIPS else ""
    header = ("metric", "code", "clips", "first", "reason")
    title = f"Skipped: {sum(map(len, groups.values()))}{more}"
    return Grid(title=title, header=header, rows=_clean_rows(rows), num_left=5)


def _skip_row(name: str, code: str, skips: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    names = ", ".join(shorten(sanitise(clip), _ID_WIDTH) for clip, _ in skips[:_MOST_SKIP_NAMES])
    more = f", {len(skips) - _MOST_SKIP_NAMES} more" if len(skips) > _MOST_SKIP_NAMES else ""
    return name, code, str(len(skips)), names + more, shorten(skips[0][1], 120)


def _hint_lines(results: EvalResults) -> list[str]:
    """Return what to do about skips: each hint once, the most frequent first, in the words of the command line."""
    skips = [r.skip for row in (*results, results.corpus) for r in row.values() if r.skip is not None and r.skip.hint]
    codes = {skip.hint: str(skip.code) for skip in reversed(skips)}
    hints = Counter(skip.hint for skip in skips)
    return [sanitise(f"{codes[hint]}: {_as_options(hint)}") for hint, _ in hints.most_common(_MOST_HINTS)]


def _as_options(hint: str) -> str:
    for keyword, option in _OPTIONS.items():
        hint = hint.replace(f"`{keyword}=`", f"`{option}`")
    return hint


def _clean_rows(rows: Iterable[Sequence[Any]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(sanitise(str(cell)) for cell in row) for row in rows)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_NATURAL_WIDTH)


def _print_grid(grid: Grid, out: Console) -> None:
    """Print a table; where it is too wide, without its empty columns, and in several rather than with broken words."""
    columns = _columns(grid)
    if not fits_in_words(columns, out.width):
        grid = _take_columns(grid, [i for i, (_, *cells) in enumerate(columns) if set(cells) != {ABSENT}])
        columns = _columns(grid)
    for block in fit_blocks(columns, grid.num_left, out.width):
        part = _take_columns(grid, block)
        out.print(_rich_table(part, fit_widths(_columns(part), out.width)))


def _take_columns(grid: Grid, indices: Sequence[int]) -> Grid:
    rows = tuple(tuple(row[i] for i in indices) for row in grid.rows)
    return dataclasses.replace(grid, header=tuple(grid.header[i] for i in indices), rows=rows)


def _columns(grid: Grid) -> list[tuple[str, ...]]:
    return list(zip(grid.header, *grid.rows, strict=True))


def _rich_table(grid: Grid, widths: Sequence[int]) -> Table:
    table = Table(title=Text(grid.title, style="bold"), title_justify="left", header_style="bold", expand=False)
    for i, head in enumerate(grid.header):
        justify: Literal["left", "right"] = "left" if i < grid.num_left else "right"
        table.add_column(Text(head), justify=justify, overflow="fold", width=widths[i])
    for row in grid.rows:
        table.add_row(*(Text(cell, style=_style(cell)) for cell in row))
    return table


def _style(cell: str) -> str:
    if cell in _VERDICT_STYLES:
        return _VERDICT_STYLES[cell]
    if DUMMY_MARK in cell:
        return "red"
    return "yellow" if re.fullmatch(r"[a-z]+(_[a-z]+)+|silent|unreadable|unsupported|failed", cell) else ""


def _markdown(grid: Grid) -> str:
    rules = [":--" if i < grid.num_left else "--:" for i, head in enumerate(grid.header)]
    lines = [f"**{_markdown_cell(grid.title)}**", ""]
    lines += [f"| {' | '.join(cells)} |" for cells in (map(_markdown_cell, grid.header), rules)]
    lines += [f"| {' | '.join(map(_markdown_cell, row))} |" for row in grid.rows]
    return "\n".join(lines) + "\n"


def _markdown_cell(text: str) -> str:
    """Escape text so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", text)
