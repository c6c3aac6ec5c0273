"""`avmeter leaderboard`: several runs as one page, with what cannot be told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avmeter.cli.json_output import show_json
from avmeter.cli.messages import say
from avmeter.cli.table import read_systems
from avmeter.errors import UsageError


def leaderboard_command(
    runs: Annotated[list[str], typer.Argument(help="Run folders, each RUN or NAME=RUN; a row each.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Page to write; default is leaderboard.html, with --json none.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="Columns and their titles.")] = None,
    experiment: Annotated[
        Path | None, typer.Option("--stress", help="Folder of `avmeter stress --anchors`: its floors as rows.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a page with systems as rows and metrics as columns; systems that share a letter cannot be told apart.

    Examples:

        avmeter leaderboard ours/ baseline/ other/ --out leaderboard.html

        avmeter leaderboard "Ours=runs/7" "MMAudio=runs/mm" --preset v2a --stress runs/stress
    """
    from avmeter.presets import load_preset
    from avmeter.report.leaderboard_page import make_leaderboard, write_leaderboard

    if len(runs) < 2:
        raise UsageError("a leaderboard needs two runs", hint="`avmeter report RUN` writes the page of one")
    columns = load_preset(preset) if preset else None
    board = make_leaderboard(read_systems(runs), preset=columns, experiment=experiment)
    if out is None and not as_json:
        out = Path("leaderboard.html")
    if out is not None:
        page = out if out.suffix == ".html" else out / "leaderboard.html"
        say(f"written: {write_leaderboard(board, page)}")
    if as_json:
        show_json(board)
