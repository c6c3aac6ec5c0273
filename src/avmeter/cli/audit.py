"""`avmeter audit`: look over a set before it is scored."""

from __future__ import annotations

from typing import Annotated

import typer

from avmeter.cli.json_output import show_json
from avmeter.cli.messages import join_names, say
from avmeter.cli.options import parse_limits, parse_remote
from avmeter.cli.progress import progress_bar


def audit_command(
    inputs: Annotated[
        list[str], typer.Argument(help="Clips, folders of clips, tar shards, or one manifest; paths or URLs.")
    ],
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="What a column means: --column id=video_id --column text_prompt=label"),
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option("--limit", help="What a clip may unfold to: max_duration_s=36000")
    ] = None,
    remote: Annotated[list[str] | None, typer.Option(help="How URLs are fetched: attempts=8 timeout_s=60")] = None,
    allow_private_hosts: Annotated[
        bool, typer.Option("--allow-private-hosts", help="Fetch web addresses of this machine and network, too.")
    ] = False,
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
    from avmeter.plain import sanitise
    from avmeter.sample import as_samples

    access = parse_remote(remote or [], allow_private_hosts=allow_private_hosts)
    samples = samples_from_inputs(inputs, columns=parse_columns(column or []), remote=access)
    if samples.pairing.ignored:
        say(f"ignored, not media: {join_names(samples.pairing.ignored)}")
    media = [m for s in as_samples(samples, access=access) for m in s.media.values() if m.is_elsewhere]
    clips = list({m.identity: m for m in media}.values())
    with progress_bar(len(clips), "looking") as on_progress:
        found = audit(clips, progress=on_progress, limits=parse_limits(limit or []))
    num_bad = sum(bool(c.problems) for c in found.clips)
    if as_json:
        show_json(found)
        raise typer.Exit(int(strict and bool(num_bad or found.notes)))
    console = Console(highlight=False)
    for clip in found.clips:
        for code, text in clip.problems:
            line = text if text.startswith(clip.path) else f"{clip.path}: {text}"
            console.print(f"[yellow]{code}[/] {escape(sanitise(line))}", soft_wrap=True)
    for code, text in found.notes:
        console.print(f"[yellow]{code}[/] {escape(sanitise(text))}", soft_wrap=True)
    console.print(f"{len(found.clips)} clips, {num_bad} with something to look at")
    raise typer.Exit(int(strict and bool(num_bad or found.notes)))
