"""The command line inside this process: what a command printed and how it ended, without seconds of start-up."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from avmeter.cli.app import run
from avmeter.engine.decode.reader_process import ReaderProcess
from avmeter.engine.decode.watch import DecodeWatch
from avmeter.media import MediaItem, MediaLimits, open_media
from avmeter.sample import MediaSource

PROGRAM = (sys.executable, "-c", "from avmeter.cli import main; main()")


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


def avmeter(*arguments: object, draws: bool = False, isolates: bool = False) -> Done:
    """Run a command in this process; an exception that would be a traceback fails the test.

    Its pages have no thumbnails unless it `draws`, and files are read in this process unless it `isolates` libav: the
    processes for either take several times as long to start as the clips of a test take to score.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    handler = signal.getsignal(signal.SIGINT)
    code = 0
    with (
        warnings.catch_warnings(),
        mock.patch.object(sys, "argv", ["avmeter", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.nullcontext() if draws else mock.patch("avmeter.report.thumbnails.draw", _draw_nothing),
        contextlib.nullcontext() if isolates else mock.patch.multiple(ReaderProcess, start=_start_none, open=_open),
    ):
        try:
            run()
        except SystemExit as ending:
            code = int(ending.code or 0)
        finally:
            signal.signal(signal.SIGINT, handler)
    return Done(code, *(s.buffer.getvalue().decode() for s in (out, err)))  # type: ignore[attr-defined]


def _draw_nothing(jobs: Sequence[object], **_: object) -> list[Mapping[str, object]]:
    return [{} for _ in jobs]


def _start_none(reader: ReaderProcess) -> None:
    """Start no process."""


def _open(reader: ReaderProcess, source: MediaSource, limits: MediaLimits, *, watch: DecodeWatch) -> MediaItem:
    """Open a source as where no process can be started."""
    return open_media(source, limits=limits, advance=watch.advance)


def start(
    *arguments: object,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = PROGRAM,
) -> subprocess.Popen[str]:
    """Start a command as a process of its own, its output piped; it hears signals that the tests may ignore."""
    return subprocess.Popen(
        [*program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        preexec_fn=_hear_signals,
    )


def _hear_signals() -> None:
    """Undo `nohup` and the background of a shell, whose children ignore hanging up and interrupts."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder with its size and time of change: equal before and after if nobody wrote there."""
    return {str(p.relative_to(folder)): (p.lstat().st_size, p.lstat().st_mtime_ns) for p in sorted(folder.rglob("*"))}
