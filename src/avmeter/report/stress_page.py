"""Tables of a stress experiment: for the terminal, and as sections of the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from avmeter.report.html import Section, write_report
from avmeter.report.parts import data_table, heat_map
from avmeter.report.plot import Curve, curves
from avmeter.stress.anchors import CARRIED, AnchorsResult, skipped_everywhere
from avmeter.stress.experiment import Experiment
from avmeter.stress.judge import Cell, Verdict
from avmeter.stress.suite import StressResult

_WIDTH = 120
_ROUNDING = 1e-9  # a distance of 0 comes out of floating point below this
_FRAME = 3  # a border and two blanks for each column
_LEGEND = f"{CARRIED}: as the original, for the metric reads nothing that is changed."
_LEGEND_OF_ANCHORS = f"{CARRIED}: as the clips, for the metric reads nothing that is changed."


def print_experiment(experiment: Experiment) -> None:
    """Print the table of variants and metrics, the verdicts, and the anchors if they were measured, to stdout."""
    _print_table(experiment.result)
    _print_verdicts(experiment.result)
    if experiment.anchors is not None:
        _print_anchors(experiment.anchors)


def write_experiment(experiment: Experiment, folder: Path, *, title: str = "avmeter stress") -> Path:
    """Write the run folder of an experiment, its `stress.json` and its page; return the path of the page.

    Args:
        experiment: What was measured.
        folder: Run folder.
        title: Of the page.
    """
    notes = ["The summary is over all variants together: read the table of variants and metrics."]
    if experiment.fallback_note is not None:
        notes.append(experiment.fallback_note)
    parts = _sections(experiment.result)
    if experiment.anchors is not None:
        parts.append(_anchors_section(experiment.anchors))
    experiment.write(folder)
    return write_report(experiment.result.results, folder, sections=parts, title=title, notes=notes)


def _print_table(result: StressResult) -> None:
    """Print variants by metrics, in as many tables as the width asks for; name the metrics without a score."""
    console = Console(highlight=False, width=_WIDTH)
    labels = [v.label for v in result.variants]
    columns = {n: [_text(result.cells[label, n]) for label in labels] for n in result.scored_metrics}
    for names in _pages(columns, _WIDTH - max(map(len, labels)) - _FRAME - 1):
        table = Table(header_style="bold")
        table.add_column("variant", no_wrap=True)
        for name in names:
            table.add_column(_heading(name, result.metrics[name]), justify="right", no_wrap=True)
        for i, label in enumerate(labels):
            table.add_row(*(Text(cell) for cell in (label, *(columns[n][i] for n in names))))
        console.print(table)
    if _has_carried(result):
        console.print(_LEGEND, markup=False)
    by_code: dict[str, list[str]] = {}
    for name, skip in result.unscored().items():
        by_code.setdefault(str(skip.code) if skip else "no score", []).append(name)
    for code, names in by_code.items():
        console.print(f"no score, {code}: {', '.join(names)}", markup=False, soft_wrap=True)


def _print_verdicts(result: StressResult) -> None:
    """Print a line for each expectation that was tested, and how many were met."""
    tested = [v for v in result.verdicts if v.passed is not None]
    console = Console(highlight=False)
    for verdict in tested:
        expectation = verdict.expectation
        mark = "kept  " if verdict.passed else "BROKEN"
        console.print(
            f"{mark} {expectation.metric} {_expected(verdict)} under {expectation.variant}: {verdict.measured}",
            markup=False,
            soft_wrap=True,
            style=None if verdict.passed else "red",
        )
    untested = len(result.verdicts) - len(tested)
    console.print(f"{sum(bool(v.passed) for v in tested)} of {len(tested)} promises kept, {untested} not tested here")


def _print_anchors(anchors: AnchorsResult) -> None:
    """Print scores between floors and ceilings."""
    header, rows = _anchor_rows(anchors)
    table = Table(header_style="bold", title="floors and ceilings (gap to the clips in standard errors, + is better)")
    for i, name in enumerate(header):
        table.add_column(name, justify="left" if i == 0 else "right")
    for row in rows:
        table.add_row(*(Text(f"{c:.3g}" if isinstance(c, float) else (c or "-")) for c in row))
    console = Console(highlight=False, width=_WIDTH)
    console.print(table)
    if _has_carried_anchors(anchors):
        console.print(_LEGEND_OF_ANCHORS, markup=False)


def _has_carried_anchors(anchors: AnchorsResult) -> bool:
    return any(a.carried and a.score is not None for a in anchors.anchors.values())


def _anchors_section(anchors: AnchorsResult) -> Section:
    """Build the section of floors and ceilings."""
    header, rows = _anchor_rows(anchors)
    what = "; ".join(f"{name}: {note}" for name, note in anchors.notes.items())
    lead = f"In brackets the gap to the clips in standard errors, above 0 where the clips are better. {what}."
    lead += f" {_LEGEND_OF_ANCHORS}" if _has_carried_anchors(anchors) else ""
    return Section(title="Floors and ceilings", lead=lead, body=data_table(header, rows))


def _sections(result: StressResult) -> list[Section]:
    """Build the sections with table, heat map, curves and verdicts."""
    names = result.scored_metrics
    labels = [v.label for v in result.variants]
    header = ["variant", *(_short(n) for n in names), "what was done"]
    rows = [[v.label, *(_text(result.cells[v.label, n]) for n in names), v.note] for v in result.variants]
    without = ", ".join(f"{n} ({skip.code if skip else 'no score'})" for n, skip in result.unscored().items())
    parts = [_LEGEND if _has_carried(result) else "", f"Without any score: {without}." if without else ""]
    lead = " ".join(part for part in parts if part)
    found = [Section(title="Variants and metrics", lead=lead, body=data_table(header, rows))]
    found.append(
        Section(
            title="Reaction",
            lead="Change against the original clip, in standard deviations over the variants; positive is worse "
            "(for a metric without a better side: more).",
            body=heat_map(labels, [_short(n) for n in names], _reactions(result, names)),
        )
    )
    ladders = [c for d in dict.fromkeys(v.name for v in result.variants) for c in _curves(result, names, d)]
    if ladders:
        found.append(Section(title="Dose and response", body=Markup("").join(ladders)))
    return [*found, _verdicts_section(result)]


def _verdicts_section(result: StressResult) -> Section:
    """Build the section of verdicts: broken ones first; what was not tested, once for each metric."""
    tested = sorted((v for v in result.verdicts if v.passed is not None), key=lambda v: bool(v.passed))
    rows = [
        [v.expectation.metric, v.expectation.variant, _expected(v), "kept" if v.passed else "BROKEN", v.measured,
         v.expectation.reason]
        for v in tested
    ]  # fmt: skip
    untested: dict[str, None] = {}
    for v in result.verdicts:
        if v.passed is None:
            untested[f"{v.expectation.metric} ({v.measured})"] = None
    lead = f"Not tested: {', '.join(untested)}." if untested else ""
    columns = ["metric", "damage", "expected", "verdict", "measured", "because"]
    return Section(title="Verdicts", lead=lead, body=data_table(columns, rows))


def _expected(verdict: Verdict) -> str:
    kind, value = verdict.expectation.kind.replace("_", " "), verdict.expectation.value
    return kind if value is None else f"{kind} {value:g}"


def _has_carried(result: StressResult) -> bool:
    return any(result.cells[v.label, n].carried for v in result.variants for n in result.scored_metrics)


def _text(cell: Cell) -> str:
    if cell.score is None:
        return str(cell.skip.code) if cell.skip else "-"
    counted = "" if cell.corpus or len(cell.scores) == cell.num_clips else f" ({len(cell.scores)}/{cell.num_clips})"
    if cell.carried:
        return f"{CARRIED}{counted}"
    score = 0.0 if abs(cell.score) < _ROUNDING else cell.score
    return f"{score:.3g}{counted}{' [dummy]' if cell.dummy else ''}"


def _short(name: str) -> str:
    return name.partition(".")[2]


def _heading(name: str, direction: str) -> str:
    """The name over several lines, and which way is better."""
    arrow = {"higher": " ↑", "lower": " ↓"}.get(direction, "")
    return f"{_short(name)}{arrow}".replace("_", "\n")


def _pages(columns: dict[str, list[str]], width: int) -> list[list[str]]:
    """Metrics split so that each part fits into `width` characters."""
    pages: list[list[str]] = [[]]
    left = width
    for name, cells in columns.items():
        heading = _heading(name, "higher").split("\n")
        needed = max(map(len, [*heading, *cells])) + _FRAME
        if needed > left and pages[-1]:
            pages.append([])
            left = width
        pages[-1].append(name)
        left -= needed
    return [page for page in pages if page]


def _reactions(result: StressResult, names: Sequence[str]) -> list[list[float | None]]:
    columns: list[list[float | None]] = []
    for name in names:
        scores = [result.cells[v.label, name].score for v in result.variants]
        known = [s for s in scores if s is not None]
        original = result.cells.get(("original", name))
        spread = (sum((s - sum(known) / len(known)) ** 2 for s in known) / len(known)) ** 0.5 if known else 0.0
        if original is None or original.score is None or not spread:
            columns.append([None] * len(scores))
            continue
        sign = -1.0 if result.metrics[name] == "higher" else 1.0
        base = original.score
        columns.append([None if s is None else sign * (s - base) / spread for s in scores])
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in result.variants]


def _curves(result: StressResult, names: Sequence[str], damage: str) -> list[Markup]:
    """One plot for each metric: their units have nothing in common."""
    ladder = [v for v in result.variants if v.name == damage and v.dose is not None]
    if len(ladder) < 2:
        return []
    unit = ladder[0].label.partition(f"{ladder[0].dose:g} ")[2]
    drawn = []
    for name in names:
        scores = [result.cells[v.label, name].score for v in ladder]
        if any(s is not None for s in scores):
            line = Curve(name=_short(name), x=[v.dose or 0.0 for v in ladder], y=scores)
            drawn.append(curves([line], title=f"{name} under {damage}", x_label=f"{damage} ({unit})"))
    return drawn


def _anchor_rows(anchors: AnchorsResult) -> tuple[list[str], list[list[str | float | None]]]:
    header, rows = anchors.table()
    silent = set(skipped_everywhere(anchors))
    return header, [row for row, name in zip(rows, anchors.metrics, strict=True) if name not in silent]
