"""Questions about paths that anybody may have written: no text is an error.

`pathlib` raises for names that are too long or hold a NUL, for folders that may not be looked into, and for the home
of a user who does not exist. Here nothing is there under such a name, and it stays as it is.
"""

from __future__ import annotations

import os
from pathlib import Path


def is_there(path: Path) -> bool:
    """Return whether something has this name."""
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: Path) -> bool:
    """Return whether it is a file."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """Return whether it is a folder."""
    return os.path.isdir(path)  # noqa: PTH112


def expand_home(text: str | os.PathLike[str]) -> Path:
    """Return the path with a leading `~` or `~user` replaced by the home folder, if there is such a user."""
    return Path(os.path.expanduser(text))  # noqa: PTH111
