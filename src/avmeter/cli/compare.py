"""`avmeter compare`: which of two runs is better, and is the difference more than chance?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avmeter.cli.exit_codes import EXIT_NOTHING
from avmeter.cli.remote_runs import local_input


def compare_command(
    context: typer.Context,
    run_a: Annotated[Path, typer.Argument(help="Run folder A, the baseline.")],
    run_b: Annotated[Path, typer.Argument(help="Run folder B, the candidate.")],
    cluster: Annotated[
        str | None,
        typer.Option(help="Clips that share a value count together; id for none. Default: text_prompt."),
    ] = None,
) -> None:
    """Show paired differences per metric (B minus A over the samples of both), with 95% intervals and a verdict.

    Exit code 3 if no metric has enough pairs for a verdict.

    Examples:

        avmeter compare baseline/ candidate/

        avmeter compare baseline/ candidate/ --cluster speaker
    """
    from avmeter.report import print_comparison
    from avmeter.run import compare

    comparisons = compare(local_input(context, run_a), local_input(context, run_b), cluster=cluster)
    print_comparison(comparisons)
    if not any(c.is_judged for c in comparisons):
        raise typer.Exit(EXIT_NOTHING)
