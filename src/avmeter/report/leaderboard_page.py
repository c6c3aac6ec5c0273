"""The page of several systems: systems by metrics, which of them cannot be told apart, and floors beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avmeter.errors import UsageError
from avmeter.files import parse_json, read_regular
from avmeter.plain import encodable
from avmeter.presets import Preset
from avmeter.report.compare_page import write_page
from avmeter.report.format import MARK, format_number, with_arrow
from avmeter.report.html import asset, environment
from avmeter.run import EvalResults
from avmeter.run.folder import STRESS, STRESS_FORMAT
from avmeter.run.leaderboard import corrected_confidence, significance_letters
from avmeter.run.system_table import Cell, Column, SystemTable, system_table


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """Several systems, and which of them cannot be told apart.

    Attributes:
        table: Systems by metrics.
        letters: Metric -> system -> letters; systems that share one cannot be told apart. Metrics of which some pair
            cannot be judged are absent.
        confidence: Of the interval of each pair.
        floors: Anchor of a stress experiment -> metric -> score.
        experiment: Name of its folder, or "".
    """

    table: SystemTable
    letters: Mapping[str, Mapping[str, str]]
    confidence: float
    floors: Mapping[str, Mapping[str, float | None]]
    experiment: str


def make_leaderboard(
    runs: Mapping[str, EvalResults], *, preset: Preset | None = None, experiment: Path | None = None
) -> Leaderboard:
    """Compare every pair of systems.

    Args:
        runs: System -> its run, at least two.
        preset: Decides columns, their titles and factors.
        experiment: Folder of a stress experiment, whose floors and ceilings are shown below the systems.

    Raises:
        UsageError: No run has a score; the experiment has no anchors.
    """
    table = system_table(runs, preset=preset)
    return Leaderboard(
        table=table,
        letters=significance_letters(runs, {c.metric: _ranked(table, c, k) for k, c in enumerate(table.columns)}),
        confidence=corrected_confidence(len(runs)),
        floors=read_floors(experiment) if experiment is not None else {},
        experiment=experiment.resolve().name if experiment is not None else "",
    )


def write_leaderboard(board: Leaderboard, out: Path) -> Path:
    """Write the page.

    Raises:
        UsageError: The file cannot be written.
    """
    table, letters, num_systems = board.table, board.letters, len(board.table.rows)
    rows = {
        encodable(system): [
            _shown(cell, c, letters.get(c.metric, {}).get(system, "")) for cell, c in _zip(table, system)
        ]
        for system in table.rows
    }
    page = (
        environment()
        .get_template("leaderboard.html.j2")
        .render(
            title=f"{' · '.join(rows)[:120]} – avmeter leaderboard",
            heads=[with_arrow(c.title, c.direction) for c in table.columns],
            rows=rows,
            floors={
                f"floor: {name}": [_floor(scores, c) for c in table.columns] for name, scores in board.floors.items()
            },
            experiment=encodable(board.experiment),
            notes=list(table.notes),
            signatures=list(table.signatures),
            confidence=board.confidence,
            num_pairs=num_systems * (num_systems - 1) // 2,
            has_letters=bool(letters),
            without=[c.title for c in table.columns if c.metric not in letters],
            is_dummy=any(cell.is_dummy for cells in table.rows.values() for cell in cells),
            mark=MARK,
            style=asset("report.css"),
            script=asset("shared.js"),
        )
    )
    return write_page(page, out)


def read_floors(experiment: Path) -> dict[str, dict[str, float | None]]:
    """Return anchor -> metric -> score, out of the folder of a stress experiment.

    Raises:
        UsageError: It is none, or was made without `--anchors`.
    """
    try:
        facts = parse_json(read_regular(experiment / STRESS))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{experiment}: no stress experiment ({error})", hint="pass the folder of `avmeter stress`"
        ) from error
    found: dict[str, dict[str, float | None]] = {}
    if isinstance(facts, Mapping) and facts.get("format") == STRESS_FORMAT:
        for anchor in facts.get("anchors", ()):
            found.setdefault(str(anchor["anchor"]), {})[str(anchor["metric"])] = anchor["score"]
    if not found:
        raise UsageError(f"{experiment}: the experiment has no floors", hint="run `avmeter stress` with `--anchors`")
    return found


def _zip(table: SystemTable, system: str) -> list[tuple[Cell, Column]]:
    return list(zip(table.rows[system], table.columns, strict=True))


def _ranked(table: SystemTable, column: Column, number: int) -> list[str]:
    scored = [(s, v) for s, cells in table.rows.items() if (v := cells[number].value) is not None]
    return [s for s, _ in sorted(scored, key=lambda pair: pair[1], reverse=column.direction != "lower")]


def _shown(cell: Cell, column: Column, letters: str) -> dict[str, Any]:
    interval = ""
    if cell.low is not None and cell.high is not None:
        interval = f"{_rounded(cell.low, column)} … {_rounded(cell.high, column)}"
    text = _rounded(cell.value, column)
    return {"text": text, "interval": interval, "letters": letters, "is_best": cell.is_best, "is_dummy": cell.is_dummy}


def _floor(scores: Mapping[str, float | None], column: Column) -> str:
    value = scores.get(column.metric)
    return _rounded(None if value is None else value * column.scale, column)


def _rounded(value: float | None, column: Column) -> str:
    return format_number(value) if value is None or column.digits is None else f"{value:.{column.digits}f}"
