"""Run folders by URL: commands read and write a folder of this machine, which is fetched before and moved after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from avmeter.cli.messages import say
from avmeter.files import as_url

if TYPE_CHECKING:
    from avmeter.sample import RemoteAccess


def local_output(context: typer.Context, out: Path, access: RemoteAccess | None = None) -> Path:
    """Return the folder in which a command writes its run, which is moved to a URL when the command ends.

    Args:
        context: Of the command.
        out: Folder; of a URL what the parser made of it.
        access: How patiently the store is asked.

    Raises:
        UsageError: The URL cannot be written.
    """
    if as_url(out) is None:
        return out
    from avmeter.run import run_output
    from avmeter.sample import RemoteAccess

    return context.with_resource(
        run_output(out, RemoteAccess.parse(access), on_moved=lambda folder, url: say(f"moved: from {folder} to {url}"))
    )


def local_input(context: typer.Context, run: Path) -> Path:
    """Return the folder of a run, a copy if it lies in an object store.

    Raises:
        UsageError: It cannot be read.
    """
    if as_url(run) is None:
        return run
    from avmeter.run import local_run

    return context.with_resource(local_run(run))
