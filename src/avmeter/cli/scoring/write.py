"""Writing and printing the results of `avmeter score` and `avmeter merge`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avmeter.cli.conditions import Condition, judged, scores_of_run
from avmeter.cli.formats import print_fastvideo
from avmeter.cli.json_output import run_payload, show_json
from avmeter.cli.messages import say

if TYPE_CHECKING:
    from avmeter.run import EvalResults

_SAID_FROM = 10
"""From so many clips on, drawing takes seconds, and a line says so."""


def write_and_show(
    results: EvalResults,
    out: Path | None,
    output_format: str,
    *,
    most_drawn: int,
    conditions: Sequence[Condition] = (),
) -> None:
    """Write the run folder and print, whichever fails; then draw its page, which takes longest.

    Args:
        results: The run.
        out: Its folder, or None.
        output_format: "tables", "json" or "fastvideo".
        most_drawn: Clips on the page whose frames and spectrograms are drawn.
        conditions: Those of `--fail-if`, which JSON has with what they say of the run.
    """
    summary = results.summary()
    try:
        if out is not None:
            results.write(out, summary=summary)
    finally:
        _show(results, summary, output_format, conditions)
    if out is not None:
        page = _write_page(results, out, most_drawn=most_drawn, summary=summary)
        say(f"written: {out} (open {page})")


def write_partial(results: EvalResults, out: Path | None) -> None:
    """Write what an interrupted run has computed; its page is without drawings, as somebody waits for the end.

    Of a run without a score and without a finished sample the folder has what says so, `unfinished`, and what it had.
    """
    if out is None:
        return
    rows = (*results, results.corpus)
    if not results.provenance["num_finished"] and not any(r.score is not None for row in rows for r in row.values()):
        return
    summary = results.summary()
    results.write(out, summary=summary)
    page = _write_page(results, out, most_drawn=0, summary=summary)
    say(f"written: {out} with {results.provenance['num_finished']} of {len(results)} samples (open {page})")


def _show(
    results: EvalResults, summary: Mapping[str, Any], output_format: str, conditions: Sequence[Condition]
) -> None:
    from avmeter.report import print_run

    if output_format == "json":
        show_json({**run_payload(results), "fail_if": judged(conditions, scores_of_run(results))})
    elif output_format == "fastvideo":
        print_fastvideo(results)
    else:
        print_run(results, summary=summary)


def _write_page(results: EvalResults, out: Path, *, most_drawn: int, summary: Mapping[str, Any]) -> Path:
    from avmeter.report import write_report
    from avmeter.report.thumbnails import WITHIN_S

    num_drawn = min(most_drawn, len(results.scored_positions))
    if num_drawn >= _SAID_FROM:
        say(f"drawing {num_drawn} clips for the page, in {WITHIN_S:.0f} s at most (--thumbnails 0: none)")
    return write_report(results, out, most_drawn=most_drawn, summary=summary)
