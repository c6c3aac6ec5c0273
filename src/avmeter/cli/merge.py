"""`avmeter merge`: shards of a run become the run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avmeter.cli.conditions import Condition, code_after_conditions, require_metrics
from avmeter.cli.formats import require_format
from avmeter.cli.messages import say, warn
from avmeter.cli.remote_runs import local_input, local_output
from avmeter.cli.scoring.run import exit_code
from avmeter.cli.scoring.write import write_and_show
from avmeter.errors import UsageError


def merge_command(
    context: typer.Context,
    shards: Annotated[list[Path], typer.Argument(help="Folders that `score --shard` wrote, or one that holds them.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run folder to write.")] = None,
    thumbnails: Annotated[
        int, typer.Option(help="Clips on the page whose frames and spectrograms are drawn; 0 for none.", min=0)
    ] = 60,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when anything was skipped.")] = False,
    fail_if: Annotated[
        list[str] | None, typer.Option("--fail-if", help="End with 5 where a score is so: 'audio.wer > 0.05'.")
    ] = None,
    output_format: Annotated[
        str, typer.Option("--format", help="What is printed: tables, or the JSON of fastvideo.")
    ] = "tables",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in place of tables.")] = False,
) -> None:
    """Merge the shards of a run: rows, corpus scores, intervals and report are those of one run.

    Examples:

        avmeter merge run/ --out merged/

        avmeter merge run/1-of-3 run/2-of-3 run/3-of-3 --out merged/ --fail-if 'audio.wer > 0.05'
    """
    from avmeter.run import Grouping, prepare_run
    from avmeter.shards import find_shards, merge_shards

    require_format(output_format)
    conditions = [Condition.parse(text) for text in fail_if or []]
    folders = find_shards([local_input(context, shard) for shard in shards])
    if out is not None:
        out = local_output(context, out)
        _refuse_shard_folder(out, folders)
    results = merge_shards(folders)
    require_metrics(conditions, results.metric_names)
    devices = {shard["device"] for shard in results.provenance["shards"]}
    if len(devices) > 1:
        warn(
            f"shards were scored on different devices ({', '.join(sorted(map(str, devices)))}): last digits may differ"
        )
    for note in results.provenance["notes"]:
        warn(note)
    say(f"{len(folders)} shards, {len(results.scored_positions)} clips")
    if out is not None:
        prepare_run(out, breakdown=bool(Grouping.read(results.provenance).by))
    shown = "json" if as_json else output_format
    write_and_show(results, out, shown, most_drawn=thumbnails, conditions=conditions)
    raise typer.Exit(code_after_conditions(exit_code(results, strict=strict), conditions, results))


def _refuse_shard_folder(out: Path, folders: list[Path]) -> None:
    if any(folder.resolve() == out.resolve() for folder in folders):
        raise UsageError(f"--out {out} is the folder of a shard", hint="choose another folder for the merged run")
