"""Folders of clips that this package makes, each with a list of what is its own.

The list is a file of names in the folder, one a line as JSON. A name is on it before the file is there, so that a
process may be killed at any time and the next one still knows its own files.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from avmeter.errors import UsageError
from avmeter.files.json_text import parse_json
from avmeter.files.regular import read_regular

LIST = ".avmeter-files"
_MAX_NAMES = 3


def add_to_list(path: Path) -> Path:
    """Put the name of a file that is about to be written on the list of its folder; return the path.

    What has the name is removed. So nothing is written through a link that somebody has put there, to a file elsewhere;
    nor is the list.

    Raises:
        OSError: The list is a link, or cannot be written.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path.parent / LIST, flags, 0o666), "a", encoding="ascii") as file:
        file.write(json.dumps(path.name) + "\n")
    path.unlink(missing_ok=True)
    return path


def refuse_unlisted_files(folder: Path) -> None:
    """Make sure that a folder is absent, empty, or holds nothing but what its list names. Hidden files do not count.

    Raises:
        UsageError: It is no folder, or somebody else's files are in it.
    """
    try:
        names = sorted(p.name for p in folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{folder}: no folder to write clips to ({error.strerror})", hint=_HINT) from error
    own = _listed(folder)
    foreign = [n for n in names if n not in own and not n.startswith(".")]
    if foreign:
        more = f" and {len(foreign) - _MAX_NAMES} more" if len(foreign) > _MAX_NAMES else ""
        shown = ", ".join(foreign[:_MAX_NAMES]) + more
        raise UsageError(f"{folder} holds {shown}, which no run has written", hint=_HINT)


_HINT = "choose another folder for the run"


def _listed(folder: Path) -> set[str]:
    try:
        lines = read_regular(folder / LIST).decode("ascii").splitlines()
    except (OSError, ValueError):
        return set()
    names = set()
    for line in lines:
        with contextlib.suppress(ValueError):  # the last line of a writer that was killed
            names.add(str(parse_json(line)))
    return names
