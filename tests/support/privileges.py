"""Permissions hold no superuser, so tests of unreadable files run without that privilege for a moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from support import require

NOBODY = 65_534


@contextmanager
def without_root() -> Iterator[None]:
    """Hold this process to the permissions of files; what it reads and writes inside must be open to any user."""
    if not hasattr(os, "geteuid"):
        require.absent("system", "this system has no user ids")
    user = os.geteuid()
    if user != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
