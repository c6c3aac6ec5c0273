"""Files that others named, opened for reading: nothing but files, which have an end and are there at once.

A pipe that nobody writes to would be waited for without end, and a device may never end.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file for reading.

    Raises:
        OSError: There is none, it may not be read, or it is a folder, a pipe, a device or a socket.
    """
    # Without it a pipe is waited for; files do not know it.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "a pipe or a device, not a file", str(path))


def read_regular(path: Path) -> bytes:
    """Return the content of a file; errors as for `open_regular`."""
    with open_regular(path) as file:
        return file.read()
