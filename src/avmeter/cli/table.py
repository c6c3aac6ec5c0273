"""`avmeter table`: runs as the rows of a paper's table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avmeter.cli.json_output import show_json
from avmeter.cli.messages import say
from avmeter.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from avmeter.run import EvalResults

FORMATS = ("latex", "markdown", "csv", "html")


def table_command(
    runs: Annotated[list[str], typer.Argument(help="Run folders, each RUN or NAME=RUN; a row each.")],
    output_format: Annotated[str, typer.Option("--format", help="latex, markdown, csv or html.")] = "markdown",
    preset: Annotated[
        str | None, typer.Option(help="Columns and their titles. Default: the preset that all runs were scored with.")
    ] = None,
    intervals: Annotated[bool, typer.Option("--intervals", help="With 95% intervals.")] = False,
    significance: Annotated[
        bool, typer.Option("--significance", help="Mark what is not clearly worse than the best.")
    ] = False,
    published: Annotated[bool, typer.Option("--published", help="Add the preset's published rows.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write in place of printing.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write systems as rows and metrics as columns, best in bold, and below them a line for each that says what it is.

    Examples:

        avmeter table ours/ baseline/ --format latex

        avmeter table "Ours=runs/7" "MMAudio=runs/mm" --preset v2a --published --significance
    """
    from avmeter.files import write_atomically
    from avmeter.presets import load_preset
    from avmeter.report.system_table import RENDERERS
    from avmeter.run.system_table import system_table

    if output_format not in FORMATS:
        raise UnknownNameError.among("format", output_format, FORMATS)
    found = read_systems(runs)
    name = preset or _shared_preset(found)
    if published and name is None:
        raise UsageError("--published: the runs are of no preset", hint="name one: --preset v2a")
    table = system_table(found, preset=load_preset(name) if name else None, published=published, judged=significance)
    if as_json:
        show_json(table)
        return
    text = RENDERERS[output_format](table, intervals=intervals)
    if out is None:
        typer.echo(text, nl=False)
        return
    write_atomically(out, text)
    say(f"written: {out}")


def read_systems(runs: list[str]) -> dict[str, EvalResults]:
    """Return systems by name, each from RUN or NAME=RUN.

    Raises:
        UsageError: Two have one name, or one is no run.
    """
    from avmeter.run import read_run

    found: dict[str, EvalResults] = {}
    for given in runs:
        title, path = _named(given)
        if title in found:
            raise UsageError(f"two rows are called {title!r}", hint="name them: NAME=RUN")
        found[title] = read_run(path)
    return found


def _named(given: str) -> tuple[str, Path]:
    """Return name and folder of RUN or NAME=RUN; a folder that is there may have "=" in its name."""
    name, equals, folder = given.partition("=")
    if equals and not Path(given).exists():
        return name, Path(folder)
    return Path(given).resolve().name, Path(given)


def _shared_preset(runs: dict[str, EvalResults]) -> str | None:
    names = {results.provenance.get("preset") for results in runs.values()}
    name = names.pop() if len(names) == 1 else None
    return name if isinstance(name, str) else None
