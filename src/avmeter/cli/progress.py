"""How far a run is: a bar on a terminal, a line every half minute elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from avmeter.cli.messages import say
from avmeter.engine.compute.activity import COMPUTING

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

    from avmeter.engine.compute.activity import Activity
    from avmeter.engine.executors.base import Progress as OnProgress

LINE_INTERVAL_S = 30.0
_BAR_INTERVAL_S = 0.5
_RATE_WINDOW_S = 30.0
_RATE_FROM, _BAR_FROM = 80, 110  # characters of a line that has room for rates, and for the bar


class Pace:
    """How far a run is and how fast, from its clips and, before the first of them is done, its windows.

    Args:
        total: Clips of the run.
        doing: Name of the stage where none is known.
        activity: What is computed right now, if it can be known.
        clock: Seconds; for tests.
    """

    def __init__(
        self, total: int, doing: str, activity: Activity | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.total = total
        self.done = 0
        self._doing = doing
        self._activity = activity
        self._clock = clock
        self._start_s = clock()
        self._first_window = activity.num_windows if activity else 0
        self._windows: deque[tuple[float, int]] = deque([(self._start_s, 0)])

    @property
    def stage(self) -> str:
        """What is done right now."""
        return (self._activity.doing if self._activity else "") or self._doing

    def describe_rate(self) -> str:
        """Return windows and clips done, per second or seconds of each; empty while there are none."""
        now = self._clock()
        elapsed_s = now - self._start_s
        parts = []
        num_windows = self._activity.num_windows - self._first_window if self._activity else 0
        if num_windows:
            self._windows.append((now, num_windows))
            while len(self._windows) > 2 and self._windows[1][0] < now - _RATE_WINDOW_S:
                self._windows.popleft()
            then_s, then = self._windows[0]
            parts.append(_format_rate(num_windows - then, now - then_s, "window"))
        parts.append(_format_rate(self.done, elapsed_s, "clip"))
        return ", ".join(part for part in parts if part)

    def line(self) -> str:
        """Return all of it in words."""
        rate = self.describe_rate()
        elapsed_s = round(self._clock() - self._start_s)
        spent = f"{elapsed_s // 60}:{elapsed_s % 60:02d}"
        return f"{self.stage}: {self.done} of {self.total} clips after {spent}{f'; {rate}' if rate else ''}"


@contextmanager
def progress_bar(
    total: int, doing: str, *, activity: Activity | None = None, interval_s: float = LINE_INTERVAL_S
) -> Iterator[OnProgress | None]:
    """Show the stage, how far it is and its rate: a bar on a terminal, a line every now and then elsewhere.

    Args:
        total: Clips in all.
        doing: What is done, where `activity` does not say.
        activity: What is computed right now.
        interval_s: Seconds from line to line.
    """
    pace = Pace(total, doing, activity)
    show = _bar if sys.stderr.isatty() else _lines

    def update(done: int, total: int) -> None:
        pace.done, pace.total = done, total

    with show(pace, interval_s):
        yield update


@contextmanager
def _lines(pace: Pace, interval_s: float) -> Iterator[None]:
    with _repeated(lambda: say(pace.line()), interval_s):
        yield


@contextmanager
def _bar(pace: Pace, _: float) -> Iterator[None]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(*_columns(console.width), console=console, transient=True, expand=True) as bar:
        is_narrow = console.width < _RATE_FROM

        def stage() -> str:
            return pace.stage.removeprefix(COMPUTING) if is_narrow else pace.stage

        task = bar.add_task(stage(), total=pace.total, rate="")

        def show() -> None:
            rate = pace.describe_rate()
            bar.update(task, description=stage(), completed=pace.done, total=pace.total, rate=rate)

        with _repeated(show, _BAR_INTERVAL_S):
            yield


def _columns(width: int) -> list[ProgressColumn]:
    """Return what a line of so many characters has room for; the stage takes what the rest leaves of it."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    stage = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1))
    columns: list[ProgressColumn] = [SpinnerColumn(), stage, MofNCompleteColumn(), TimeElapsedColumn()]
    if width >= _RATE_FROM:
        columns.insert(3, TextColumn("{task.fields[rate]}"))
    if width >= _BAR_FROM:
        columns.insert(2, BarColumn(bar_width=14))
        columns.append(TimeRemainingColumn())
    return columns


@contextmanager
def _repeated(show: Callable[[], None], interval_s: float) -> Iterator[None]:
    """Call a function every so often from a thread of its own, until the block ends."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(interval_s):
            show()

    thread = threading.Thread(target=work, name="avmeter-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _format_rate(done: int, elapsed_s: float, what: str) -> str:
    """Format things per second, or seconds per thing of the slow."""
    if not done or elapsed_s <= 0:
        return ""
    return f"{done / elapsed_s:.1f} {what}s/s" if done >= elapsed_s else f"{elapsed_s / done:.1f} s/{what}"
