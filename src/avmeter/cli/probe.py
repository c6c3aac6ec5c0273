"""`avmeter probe`: streams, times and rates of media files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from avmeter.cli.messages import fail
from avmeter.errors import SkipError


def probe_command(
    files: Annotated[list[Path], typer.Argument(help="Media files.")],
    decode: Annotated[bool, typer.Option("--decode", help="Decode too: real lengths, peaks, flags.")] = False,
) -> None:
    """Show what avmeter sees in a file: streams, times, rates, rotation. Prints JSON, one object a line.

    A file that cannot be read is named on standard error, and the others are shown. Exit code 1 if there was one, 3
    if there was no other.

    Example: avmeter probe clip.mp4 --decode
    """
    from avmeter.media import probe

    failed = 0
    for file in files:
        facts: dict[str, Any] = {"file": str(file)}
        try:
            facts |= asdict(probe(file))
            if decode:
                facts |= _decoded(file)
        except SkipError as error:
            failed += 1
            fail(str(error))
        else:
            typer.echo(json.dumps(facts, default=str, ensure_ascii=False))
    if failed:
        raise typer.Exit(3 if failed == len(files) else 1)


def _decoded(file: Path) -> dict[str, Any]:
    from avmeter.media import MediaItem

    facts: dict[str, Any] = {}
    with MediaItem.open(file) as item:
        if item.has_audio:
            facts["sound"] = asdict(item.audio_facts)
        if item.has_video:
            times = item.frame_times
            facts["picture"] = {
                "num_frames": len(times),
                "first_s": float(times[0]) if len(times) else None,
                "last_s": float(times[-1]) if len(times) else None,
            }
    return facts
