"""`avmeter merge`: shards of a run become the run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avmeter.cli.formats import print_fastvideo, require_format
from avmeter.cli.messages import say, warn
from avmeter.cli.remote_runs import local_input, local_output
from avmeter.cli.scoring.run import exit_code
from avmeter.errors import UsageError


def merge_command(
    context: typer.Context,
    shards: Annotated[list[Path], typer.Argument(help="Folders that `score --shard` wrote, or one that holds them.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run folder to write.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when anything was skipped.")] = False,
    output_format: Annotated[
        str, typer.Option("--format", help="What is printed: tables, or the JSON of fastvideo.")
    ] = "tables",
) -> None:
    """Merge the shards of a run: rows, corpus scores, intervals and report are those of one run.

    Examples:

        avmeter merge run/ --out merged/

        avmeter merge run/1-of-3 run/2-of-3 run/3-of-3 --out merged/
    """
    from avmeter.report import print_run, write_report
    from avmeter.run import Grouping, prepare_run
    from avmeter.shards import find_shards, merge_shards

    require_format(output_format)
    folders = find_shards([local_input(context, shard) for shard in shards])
    if out is not None:
        out = local_output(context, out)
        _refuse_shard_folder(out, folders)
    results = merge_shards(folders)
    devices = {shard["device"] for shard in results.provenance["shards"]}
    if len(devices) > 1:
        warn(
            f"shards were scored on different devices ({', '.join(sorted(map(str, devices)))}): last digits may differ"
        )
    for note in results.provenance["notes"]:
        warn(note)
    try:
        if out is not None:
            prepare_run(out, breakdown=bool(Grouping.read(results.provenance).by))
            results.write(out)
            page = write_report(results, out)
            say(f"written: {out}, of {len(folders)} shards (open {page})")
    finally:
        if output_format == "fastvideo":
            print_fastvideo(results)
        else:
            print_run(results)
    raise typer.Exit(exit_code(results, strict=strict))


def _refuse_shard_folder(out: Path, folders: list[Path]) -> None:
    if any(folder.resolve() == out.resolve() for folder in folders):
        raise UsageError(f"--out {out} is the folder of a shard", hint="choose another folder for the merged run")
