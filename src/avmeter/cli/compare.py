"""`avmeter compare`: which of two runs is better, and is the difference more than chance?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare_command(
    run_a: Annotated[Path, typer.Argument(help="Run folder.")],
    run_b: Annotated[Path, typer.Argument(help="Run folder.")],
) -> None:
    """Show paired differences per metric (B minus A over the samples of both), with 95% bootstrap intervals.

    Example: avmeter compare baseline/ candidate/
    """
    from avmeter.report import print_comparison
    from avmeter.run import compare, read_run

    print_comparison(compare(read_run(run_a), read_run(run_b)))
