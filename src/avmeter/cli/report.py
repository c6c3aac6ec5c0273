"""`avmeter report`: print a run again, and write its page anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avmeter.cli.messages import say


def report_command(run: Annotated[Path, typer.Argument(help="Run folder.")]) -> None:
    """Print the table of a run and write its report.html anew.

    Example: avmeter report run/
    """
    from avmeter.report import print_run, write_report
    from avmeter.run import read_run

    results = read_run(run)
    page = write_report(results, run, notes=results.provenance.get("notes", ()))
    print_run(results)
    say(f"written: {page}")
