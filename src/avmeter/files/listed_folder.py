"""Folders of clips that this package makes, each with a list of what is its own.

The list is a file of names in the folder, one a line as JSON. A name is on it before the file is there, so that a
process may be killed at any time and the next one still knows its own files.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from avmeter.errors import UsageError
from avmeter.files.json_text import parse_json

LIST = ".avmeter-files"
_MAX_NAMES = 3


def add_to_list(path: Path) -> Path:
    """Put the name of a file that is about to be written on the list of its folder; return the path."""
    with (path.parent / LIST).open("a", encoding="ascii") as file:
        file.write(json.dumps(path.name) + "\n")
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
        lines = (folder / LIST).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return set()
    names = set()
    for line in lines:
        with contextlib.suppress(ValueError):  # the last line of a writer that was killed
            names.add(str(parse_json(line)))
    return names
