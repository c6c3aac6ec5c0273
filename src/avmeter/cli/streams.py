"""Output that does not end a command: a reader that has gone, a full disk, a stream that is closed.

What was computed is written to its folder whatever becomes of the standard streams. Remarks (standard error) that
cannot be written are lost. Output (standard output) that cannot be written ends a command with `EXIT_USAGE` when it
is done, unless its reader has gone, as `head` does: that is no failure.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import sys
from typing import TextIO

_STANDARD = (0, 1, 2)


class LenientFile(io.FileIO):
    """A file that takes everything; the first error is remembered, and nothing is written after it.

    Attributes:
        failure: Why writing failed, or None.
    """

    failure: OSError | None = None

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Write, or forget."""
        if self.failure is None:
            try:
                while (written := super().write(data)) is None:  # a pipe that does not wait
                    select.select([], [self.fileno()], [])
                return written
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


def protect_streams() -> None:
    """Open what is closed of the standard streams, and make errors of output errors of nothing else.

    A file that is opened while descriptor 2 is free would get that number, and be written to by every library that
    reports an error.
    """
    for descriptor in _STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - for the life of the process
    sys.stdout = _protected(sys.stdout, 1)
    sys.stderr = _protected(sys.stderr, 2)


def output_failure() -> OSError | None:
    """Return why standard output could not be written so far; None if its reader has gone, or it was written."""
    file = _lenient_file()
    if file is None:
        return None
    with contextlib.suppress(ValueError):  # closed
        sys.stdout.flush()
    failure = file.failure
    return None if failure is None or failure.errno == errno.EPIPE else failure


def is_output_lost() -> bool:
    """Return True if nothing that is printed will arrive, so that a command which only prints may end."""
    file = _lenient_file()
    return file is not None and file.failure is not None


def _lenient_file() -> LenientFile | None:
    file = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return file if isinstance(file, LenientFile) else None


def _protected(stream: TextIO | None, descriptor: int) -> TextIO:
    """Return a stream to the same descriptor that is never in the way."""
    if stream is not None and not _is_of(stream, descriptor):
        return stream  # replaced by a caller
    return io.TextIOWrapper(
        io.BufferedWriter(LenientFile(descriptor, "w", closefd=False)),  # type: ignore[type-var]
        encoding=stream.encoding if stream is not None else "utf-8",
        errors="backslashreplace",  # a terminal that lacks a character must not end a run
        line_buffering=descriptor == 2 or os.isatty(descriptor) or getattr(stream, "write_through", False),
    )


def _is_of(stream: TextIO, descriptor: int) -> bool:
    """True for the interpreter's own stream, which is not buffered if the environment says so."""
    try:
        return isinstance(stream.buffer, io.BufferedWriter | io.FileIO) and stream.fileno() == descriptor
    except (AttributeError, OSError, ValueError):
        return False
