"""`avmeter weights`: checkpoints of the catalog."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

app = typer.Typer(help="List, fetch, verify and find checkpoints.", no_args_is_help=True)


@app.command("list")
def list_command() -> None:
    """List every checkpoint: size, licence, what it is for, and whether it is on this machine."""
    from avmeter.cli.tables import print_table
    from avmeter.metrics.index import metrics_for_checkpoints
    from avmeter.weights import WeightsSource, catalog

    source = WeightsSource.parse("auto")
    rows = []
    used_for = metrics_for_checkpoints()
    for name, entry in catalog().items():
        size = _format_size([f.size_bytes for f in entry.files])
        here = "yes" if source.available(name) else ""
        rows.append((name, size, entry.weights_licence, ", ".join(used_for[name]), here))
    print_table(("name", "size", "weights licence", "used for", "here"), rows)


def _format_size(sizes: list[int | None]) -> str:
    """Format the size of all files of a checkpoint in megabytes; unknown if that of one is."""
    known = [size for size in sizes if size is not None]
    if not known or len(known) < len(sizes):
        return "unknown"
    megabytes = sum(known) / 1e6
    return f"{megabytes:,.0f} MB" if megabytes >= 10 else f"{megabytes:.1f} MB"


@app.command("fetch")
def fetch_command(names: Annotated[list[str], typer.Argument(help="Names from `avmeter weights list`.")]) -> None:
    """Download and verify checkpoints.

    Example: avmeter weights fetch passt synchformer
    """
    from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

    from avmeter.report.format import sanitise
    from avmeter.weights import WeightsSource, get_entry

    source = WeightsSource.parse("auto")
    entries = [get_entry(name) for name in names]
    with Progress(*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn()) as bar:
        for entry in entries:
            for file in entry.files:
                task = bar.add_task(file.name, total=file.size_bytes)

                def update(done: int, total: int | None, task: int = int(task)) -> None:
                    bar.update(task, completed=done, total=total)  # type: ignore[arg-type]

                bar.console.print(sanitise(str(source.fetch(entry, file.name, progress=update))), markup=False)


@app.command("verify")
def verify_command() -> None:
    """Compare every checkpoint on this machine with the catalog. Exit code 1 if one does not match."""
    from avmeter.report.format import sanitise
    from avmeter.weights import verify

    bad = False
    for status in verify():
        cells = (status.entry, status.file, status.status, status.path or "")
        typer.echo("\t".join(sanitise(str(cell)) for cell in cells))
        bad = bad or status.status == "mismatch"
    raise typer.Exit(int(bad))


@app.command("path")
def path_command(
    name: Annotated[str, typer.Argument(help="Name from `avmeter weights list`.")],
    file: Annotated[str | None, typer.Option(help="Which file of several; default is the weights.")] = None,
) -> None:
    """Print where a checkpoint is, fetching it if need be."""
    from avmeter.report.format import sanitise
    from avmeter.weights import WeightsSource

    path = str(WeightsSource.parse("auto").path(name, file))
    typer.echo(sanitise(path) if sys.stdout.isatty() else path)  # a script reads it as it is
