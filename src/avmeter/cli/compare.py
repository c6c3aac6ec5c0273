"""`avmeter compare`: which of two runs is better, and is the difference more than chance?"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from avmeter.cli.conditions import Condition, differences, failed_conditions, say_failed
from avmeter.cli.exit_codes import EXIT_FAILED_CONDITION, EXIT_NOTHING
from avmeter.cli.json_output import show_json
from avmeter.cli.messages import say
from avmeter.cli.remote_runs import local_input
from avmeter.errors import UsageError


def compare_command(
    context: typer.Context,
    runs: Annotated[list[Path], typer.Argument(help="Two run folders: A, the baseline, then B, the candidate.")],
    cluster: Annotated[
        str | None,
        typer.Option(help="Clips that share a value count together; id for none. Default: text_prompt."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Page to write: differences, and clips that got worse first.")
    ] = None,
    thumbnails: Annotated[
        int, typer.Option(help="Pairs on the page whose frames and spectrograms are drawn; 0 for none.", min=0)
    ] = 30,
    fail_if: Annotated[
        list[str] | None,
        typer.Option("--fail-if", help="End with 5 where a difference, B minus A, is so: 'audio.wer > +0.01'."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show paired differences per metric (B minus A over the samples of both), with 95% intervals and a verdict.

    Exit code 3 if no metric has enough pairs for a verdict, 5 if a condition of --fail-if holds.

    Examples:

        avmeter compare baseline/ candidate/

        avmeter compare baseline/ candidate/ --cluster speaker

        avmeter compare baseline/ candidate/ --out compare.html

        avmeter compare baseline/ candidate/ --fail-if 'audio.wer > +0.01'
    """
    from avmeter.report import print_comparison
    from avmeter.run import compare

    conditions = [Condition.parse(text, of_difference=True) for text in fail_if or []]
    _require_two(runs)
    folders = [local_input(context, run) for run in runs]
    comparisons = compare(*folders, cluster=cluster)
    if out is not None:
        from avmeter.report.compare_page import write_comparison
        from avmeter.run import read_run

        page = out if out.suffix == ".html" else out / "compare.html"
        a, b = map(read_run, folders)
        say(f"written: {write_comparison(comparisons, a, b, page, most_drawn=thumbnails)}")
    if as_json:
        show_json(comparisons)
    else:
        print_comparison(comparisons)
    failed = failed_conditions(conditions, differences(comparisons))
    say_failed(failed)
    if failed:
        raise typer.Exit(EXIT_FAILED_CONDITION)
    if not any(c.is_judged for c in comparisons):
        raise typer.Exit(EXIT_NOTHING)


def _require_two(runs: list[Path]) -> None:
    if len(runs) < 2:
        raise UsageError("a comparison needs two runs", hint="`avmeter report RUN` says what is in one")
    if len(runs) > 2:
        names = shlex.join(map(str, runs))
        raise UsageError(
            f"a comparison is of two runs, and {len(runs)} are given",
            hint=f"all of them, pair by pair: avmeter leaderboard {names} --out leaderboard.html",
        )
