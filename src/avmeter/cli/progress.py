"""A bar with rate and remaining time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from avmeter.engine.executors.base import Progress as OnProgress


@contextmanager
def progress_bar(total: int, doing: str) -> Iterator[OnProgress | None]:
    """Show a bar with rate and remaining time on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=total, rate="")

        def update(done: int, total: int) -> None:
            elapsed = bar.tasks[task].elapsed or 0.0
            bar.update(task, completed=done, total=total, rate=_format_rate(done, elapsed))

        yield update


def _format_rate(done: int, elapsed: float) -> str:
    """Format clips per second, or seconds per clip of the slow."""
    if not done or not elapsed:
        return ""
    return f"{done / elapsed:.1f} clips/s" if done >= elapsed else f"{elapsed / done:.1f} s/clip"
