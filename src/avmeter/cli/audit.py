"""`avmeter audit`: look over a set before it is scored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from avmeter.audit import audit
from avmeter.errors import UsageError
from avmeter.manifest.folders import list_media


def audit_command(
    folder: Annotated[Path, typer.Argument(help="Folder of clips.")],
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when anything was found.")] = False,
) -> None:
    """Look over a set: silent, clipped, band-limited, duplicate, short, still, late; mixed rates and durations.

    Example: avmeter audit gen/
    """
    files = list_media(folder).files
    if not files:
        raise UsageError(f"{folder}: no media files in it")
    found = audit([f.path for f in files])
    console = Console(highlight=False)
    for clip in found.clips:
        for code, text in clip.problems:
            console.print(f"[yellow]{code}[/] {escape(str(clip.path))}: {escape(text)}", soft_wrap=True)
    for code, text in found.notes:
        console.print(f"[yellow]{code}[/] {escape(text)}", soft_wrap=True)
    num_bad = sum(bool(c.problems) for c in found.clips)
    console.print(f"{len(found.clips)} clips, {num_bad} with something to look at")
    raise typer.Exit(int(strict and bool(num_bad or found.notes)))
