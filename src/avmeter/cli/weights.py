"""`avmeter weights`: checkpoints of the catalog."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from avmeter.cli.completion import complete_metrics, complete_presets
from avmeter.cli.exit_codes import EXIT_SKIPPED
from avmeter.cli.messages import fail
from avmeter.errors import UsageError

if TYPE_CHECKING:
    from avmeter.weights import Entry, WeightsSource

app = typer.Typer(help="List, fetch, verify and find checkpoints.", no_args_is_help=True)


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every checkpoint: size, licence, what it is for, and whether it is on this machine."""
    from avmeter.cli.json_output import show_json
    from avmeter.cli.tables import print_table
    from avmeter.metrics.index import metrics_for_checkpoints
    from avmeter.weights import WeightsSource, catalog

    source = WeightsSource.parse("auto")
    used_for = metrics_for_checkpoints()
    if as_json:
        show_json([_payload(entry, used_for[name], source) for name, entry in catalog().items()])
        return
    rows = []
    for name, entry in catalog().items():
        size = _format_size([f.estimated_bytes for f in entry.files])
        is_rough = size != "unknown" and any(f.size_bytes is None for f in entry.files)
        shown = f"about {size}" if is_rough else size
        rows.append((name, shown, entry.weights_licence, ", ".join(used_for[name]), _here(name, source)))
    print_table(("name", "size", "weights licence", "used for", "here"), rows)


def _payload(entry: Entry, metrics: Sequence[str], source: WeightsSource) -> dict[str, Any]:
    sizes = [f.estimated_bytes for f in entry.files]
    known = [size for size in sizes if size is not None]
    return {
        "name": entry.name,
        "title": entry.title,
        "size_bytes": sum(known) if len(known) == len(sizes) else None,
        "size_is_exact": all(f.size_bytes is not None for f in entry.files),
        "weights_licence": entry.weights_licence,
        "used_for": list(metrics),
        "is_here": source.available(entry),
        "wrong_size": list(source.wrong_sizes(entry)),
    }


def _here(name: str, source: WeightsSource) -> str:
    wrong = source.wrong_sizes(name)
    if wrong:
        return f"wrong size: {', '.join(wrong)}"
    return "yes" if source.available(name) else ""


def _format_size(sizes: list[int | None]) -> str:
    """Format the size of all files of a checkpoint in megabytes; unknown if that of one is."""
    known = [size for size in sizes if size is not None]
    if not known or len(known) < len(sizes):
        return "unknown"
    megabytes = sum(known) / 1e6
    return f"{megabytes:,.0f} MB" if megabytes >= 10 else f"{megabytes:.1f} MB"


@app.command("fetch")
def fetch_command(
    names: Annotated[list[str] | None, typer.Argument(help="Names from `avmeter weights list`.")] = None,
    preset: Annotated[
        str | None, typer.Option(help="All that a preset needs.", autocompletion=complete_presets)
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metrics", "-m", help="All that these metrics need.", autocompletion=complete_metrics),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--to", help="Folder to fill, for AVMETER_WEIGHTS; default is the cache folder.")
    ] = None,
) -> None:
    """Download and verify checkpoints, on after a failure. Exit code 1 if one could not be fetched.

    Examples:

        avmeter weights fetch passt synchformer

        avmeter weights fetch --preset v2a --to carry/
    """
    from avmeter.cli.fetching import fetch_checkpoints
    from avmeter.plain import sanitise
    from avmeter.weights import WeightsSource, get_entry

    chosen = [get_entry(name).name for name in names or []]
    if preset is not None or metrics:
        chosen += _checkpoints_of(preset, metrics)
    chosen = list(dict.fromkeys(chosen))
    if not chosen:
        raise UsageError("no checkpoint was named", hint="name some, or give --preset v2a or --metrics audio.wer")
    failures = fetch_checkpoints(
        chosen,
        WeightsSource.parse("auto"),
        folder=folder,
        on_file=lambda path: typer.echo(sanitise(str(path))),
    )
    if failures:
        fail(f"{len(failures)} of {len(chosen)} not fetched: {', '.join(failures)}")
        raise typer.Exit(EXIT_SKIPPED)


def _checkpoints_of(preset: str | None, metrics: list[str] | None) -> list[str]:
    """Return the checkpoints that a preset and metrics can use."""
    from avmeter.cli.presets import choose
    from avmeter.metrics.requirements import requirements_of
    from avmeter.metrics.resolve import resolve_metrics

    chosen = choose(metrics, preset=preset, protocol=None, options={})
    found = resolve_metrics(
        chosen.metrics, protocol=chosen.protocol, options=chosen.options, skip_missing_deps=preset is not None
    )
    return [entry for metric in found.values() for entry in requirements_of(metric).checkpoints]


@app.command("verify")
def verify_command() -> None:
    """Compare every checkpoint on this machine with the catalog. Exit code 1 if one does not match."""
    from avmeter.plain import sanitise
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
    from avmeter.plain import sanitise
    from avmeter.weights import WeightsSource

    path = str(WeightsSource.parse("auto").path(name, file))
    typer.echo(sanitise(path) if sys.stdout.isatty() else path)  # a script reads it as it is
