"""`avmeter audit`: look over a set before it is scored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avmeter.cli.json_output import show_json
from avmeter.cli.messages import join_names, say
from avmeter.cli.options import parse_limits
from avmeter.cli.progress import progress_bar
from avmeter.errors import UsageError


def audit_command(
    inputs: Annotated[list[Path], typer.Argument(help="Clips, folders of clips, or one manifest.")],
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="What a column means: --column id=video_id --column text_prompt=label"),
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option("--limit", help="What a clip may unfold to: max_duration_s=36000")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when anything was found.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look over a set: silent, clipped, band-limited, duplicate, short, still, late; mixed rates and durations.

    Example: avmeter audit gen/
    """
    from rich.console import Console
    from rich.markup import escape

    from avmeter.audit import audit
    from avmeter.manifest import parse_columns, samples_from_inputs
    from avmeter.report.format import sanitise
    from avmeter.sample import as_samples

    samples = samples_from_inputs(inputs, columns=parse_columns(column or []))
    if samples.pairing.ignored:
        say(f"ignored, not media: {join_names(samples.pairing.ignored)}")
    media = [m for s in as_samples(samples) for m in s.media.values()]
    elsewhere = sum(m.stored is not None for m in media)
    if elsewhere:
        raise UsageError(
            f"{elsewhere} clips are at URLs, in shards or in tables, and only files of this machine are looked over",
            hint="`avmeter score ... -m audio.loudness` says much of the same of them",
        )
    paths = [m.path for m in media if m.path is not None]
    with progress_bar(len(paths), "looking") as on_progress:
        found = audit(list(dict.fromkeys(paths)), progress=on_progress, limits=parse_limits(limit or []))
    num_bad = sum(bool(c.problems) for c in found.clips)
    if as_json:
        show_json(found)
        raise typer.Exit(int(strict and bool(num_bad or found.notes)))
    console = Console(highlight=False)
    for clip in found.clips:
        for code, text in clip.problems:
            line = text if text.startswith(str(clip.path)) else f"{clip.path}: {text}"
            console.print(f"[yellow]{code}[/] {escape(sanitise(line))}", soft_wrap=True)
    for code, text in found.notes:
        console.print(f"[yellow]{code}[/] {escape(sanitise(text))}", soft_wrap=True)
    console.print(f"{len(found.clips)} clips, {num_bad} with something to look at")
    raise typer.Exit(int(strict and bool(num_bad or found.notes)))
