"""The `avmeter` program: its commands, and how failures end it.

Exit codes: 0 done; 1 done, but `--strict` and something was skipped; 2 wrong usage; 3 nothing could be scored;
130 interrupted.
"""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version
from typing import Annotated, Any

import typer
from rich.console import Console

from avmeter.cli import audit, compare, demo, doctor, listing, probe, report, score, stress, weights
from avmeter.errors import AvmeterError

app = typer.Typer(
    name="avmeter",
    help="Measures generated sound, alone or with the picture it belongs to.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 --strict and something was skipped; 2 wrong usage; 3 nothing could be scored.",
)
app.command("score")(score.score)
app.command("list")(listing.list_command)
app.command("probe")(probe.probe_command)
app.command("audit")(audit.audit_command)
app.add_typer(weights.app, name="weights")
app.command("report")(report.report_command)
app.command("compare")(compare.compare_command)
app.command("doctor")(doctor.doctor_command)
app.command("stress")(stress.stress_command)
app.command("demo")(demo.demo_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"avmeter {version('avmeter')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Measures generated sound, alone or with the picture it belongs to."""


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    Console(stderr=True, highlight=False).print(f"warning: {message}", markup=False)


def main() -> None:
    """Entry point of the console script."""
    warnings.showwarning = _show_warning
    warnings.simplefilter("once", UserWarning)
    try:
        app()
    except AvmeterError as error:
        Console(stderr=True, highlight=False).print(f"error: {error}", markup=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("interrupted: what was computed is stored; the same command goes on from there", err=True)
        sys.exit(130)
