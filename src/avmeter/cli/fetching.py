"""Fetching several checkpoints: bars on a terminal, on after a failure, and what failed at the end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from avmeter.cli.messages import say
from avmeter.errors import WeightsError

if TYPE_CHECKING:
    from avmeter.weights import WeightsSource

OnBytes = Callable[[int, int | None], None]
_NAMES = "\0"
"""Stands for the name of a checkpoint in a hint, which is said once for all that it is of."""


def fetch_checkpoints(
    names: Sequence[str],
    source: WeightsSource,
    *,
    folder: Path | None = None,
    on_file: Callable[[Path], None] | None = None,
) -> dict[str, str]:
    """Fetch and verify checkpoints, each whatever became of those before it.

    Args:
        names: In the catalog.
        source: Where they would come from.
        folder: Where they are put, as `FOLDER/NAME/file`; default is the cache folder.
        on_file: Called with each file that is there.

    Returns:
        Name -> why it could not be fetched.
    """
    from avmeter.weights import get_entry

    failures: dict[str, str] = {}
    advice: dict[str, list[str]] = {}
    with _bars() as start_bar:
        for entry in map(get_entry, names):
            try:
                for file in entry.files:
                    update = start_bar(f"{entry.name}/{file.name}", file.size_bytes)
                    path = source.fetch(entry, file.name, progress=update, folder=folder)
                    if on_file is not None:
                        on_file(path)
            except WeightsError as error:
                failures[entry.name] = error.message
                say(f"not fetched: {error.message}")
                advice.setdefault(error.hint.replace(entry.name, _NAMES), []).append(entry.name)
    for hint, entries in advice.items():
        if hint:
            say(f"hint: {hint.replace(_NAMES, ' '.join(entries))}")
    return failures


@contextlib.contextmanager
def _bars() -> Iterator[Callable[[str, int | None], OnBytes]]:
    """Yield what starts a bar; where there is no terminal, files are named as their first bytes come."""
    if not sys.stderr.isatty():
        yield _named
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

    columns = (*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def start(name: str, total: int | None) -> OnBytes:
            task = bars.add_task(name, total=total, visible=False)

            def update(done: int, total: int | None) -> None:
                bars.update(task, completed=done, total=total, visible=True)

            return update

        yield start


def _named(name: str, total: int | None) -> OnBytes:
    is_said = False

    def update(done: int, total: int | None) -> None:
        nonlocal is_said
        if not is_said:
            say(f"fetching {name}{f', {total / 1e6:,.0f} MB' if total else ''}")
            is_said = True

    return update
