"""The `avmeter` program: its commands, and how failures end it.

Exit codes: 0 done; 1 done, but `--strict` and something was skipped; 2 wrong usage; 3 nothing could be scored;
4 a metric that was named has no score; 130, 143, 129 ended by Ctrl-C, SIGTERM, SIGHUP.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from avmeter.cli import (
    audit,
    bench,
    compare,
    demo,
    doctor,
    evaluation,
    features,
    leaderboard,
    listing,
    merge,
    probe,
    report,
    score,
    stress,
    table,
    weights,
)
from avmeter.cli.exit_codes import EXIT_USAGE
from avmeter.cli.interrupts import Interrupts
from avmeter.cli.messages import fail, say, warn
from avmeter.cli.once import OnceCommand
from avmeter.cli.ray_option import RayOptionCommand
from avmeter.errors import AvmeterError
from avmeter.files import is_there
from avmeter.telemetry import turn_off_telemetry

# Any error of the parser, whose package depends on the version of typer.
_ParserError: type[Exception] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="avmeter",
    help="Measures generated sound, alone or with the video it belongs to.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 --strict and something was skipped; 2 wrong usage; 3 nothing could be scored; "
    "4 a named metric has no score; "
    "5 a condition of --fail-if holds.",
)
app.command("score", cls=RayOptionCommand)(score.score_command)
app.command("merge")(merge.merge_command)
app.command("list")(listing.list_command)
app.command("probe")(probe.probe_command)
app.command("audit")(audit.audit_command)
app.add_typer(weights.app, name="weights")
app.add_typer(features.app, name="features")
app.add_typer(evaluation.app, name="eval")
app.command("report")(report.report_command)
app.command("table")(table.table_command)
app.command("compare")(compare.compare_command)
app.command("leaderboard")(leaderboard.leaderboard_command)
app.command("doctor")(doctor.doctor_command)
app.command("stress")(stress.stress_command)
app.command("demo")(demo.demo_command)
app.command("bench")(bench.bench_command)
for group in (app, weights.app, features.app):
    for registered in group.registered_commands:
        if not issubclass(registered.cls or TyperCommand, OnceCommand):
            registered.cls = OnceCommand


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"avmeter {version('avmeter')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Measures generated sound, alone or with the video it belongs to."""


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    warn(str(message))


def run(interrupts: Interrupts | None = None) -> None:
    """Run the command that the command line names, and end the process.

    Args:
        interrupts: Handles signals; default is to handle them from here on.
    """
    if interrupts is None:
        with Interrupts() as interrupts:
            run(interrupts)
        return
    turn_off_telemetry()  # for packages that plug-ins import, too
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character must not end a run
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning
    warnings.simplefilter("once", UserWarning)
    try:
        _run_command(interrupts)
    except BaseException:
        if not interrupts.is_requested:
            raise
        # An interrupt is no failure, whatever the code that it came upon made of it.
        say(interrupts.last_words)
        sys.exit(interrupts.exit_code)


def _run_command(interrupts: Interrupts) -> None:
    try:
        code = app(standalone_mode=False, obj=interrupts)
        sys.exit(code if isinstance(code, int) else 0)
    except AvmeterError as error:
        fail(str(error))
        sys.exit(EXIT_USAGE)
    except OSError as error:
        fail(f"{error.filename or 'a file'}: {error.strerror or error}")
        sys.exit(EXIT_USAGE)
    except _ParserError as error:
        sys.exit(_explain_wrong_use(error))


def _explain_wrong_use(error: Any) -> int:
    """Print what the parser has to say, and return the exit code; arguments in it cannot steer the terminal."""
    from typer.rich_utils import rich_format_error

    from avmeter.plain import sanitise

    text = "\n".join(sanitise(line) for line in error.format_message().split("\n"))
    error.format_message = lambda: text
    rich_format_error(error)
    if error.exit_code == EXIT_USAGE:
        _explain_dashes(sys.argv[1:])
    return int(error.exit_code)


def _explain_dashes(arguments: Sequence[str]) -> None:
    if "--" in arguments:
        return
    for argument in arguments:
        if argument.startswith("-") and is_there(Path(argument)):
            say(f"hint: {argument} is a file, but reads like an option: write ./{argument}, or put -- before it")
