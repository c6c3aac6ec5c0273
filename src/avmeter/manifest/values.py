"""Cells of tables as values of samples: files, texts, and extras."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from avmeter.errors import ManifestError
from avmeter.files import Url, as_url, expand_home, is_there, without_credentials
from avmeter.manifest.aliases import KEYS
from avmeter.manifest.places import Place
from avmeter.manifest.rows import Row, Table
from avmeter.sample import DIALOGUE_FIELDS, StoredFile

_NUM_CHECKED = 100  # files looked for to find the folder that paths are relative to
_LONGEST_PATH = 4096  # characters; longer texts are not looked for on disk
_QUERY = re.compile(r"\.\w{1,5}\?\S*=")
_RESERVED = {*KEYS, "video_path"}


def base_folder(table: Table, column: str) -> Place:
    """Return what the paths in a column are relative to: the table's folder, or where no file of the first hundred is
    there but some are in the working directory, that one.
    """
    beside = table.path.parent
    if isinstance(beside, Url):
        return beside
    paths = [_path(v) for v in table.values(column)[:_NUM_CHECKED]]
    relative = [p for p in paths if p is not None and not p.is_absolute()]
    if any(is_there(beside / p) for p in relative) or not any(is_there(p) for p in relative):
        return beside
    return Path()


def written_path(value: Any) -> str | None:
    """Return the path that a cell gives, as it is written but for credentials; None if it gives none."""
    if isinstance(value, StoredFile):
        return value.label
    if isinstance(value, Mapping):
        value = value.get("path")
    if not isinstance(value, str):
        return None
    if as_url(value) is None and _QUERY.search(value):  # relative to a table on the web
        return str(Url(f"https://host/{value}")).removeprefix("https://host/")
    return without_credentials(value)


def _path(value: Any) -> Path | None:
    written = written_path(value)
    if written is None or len(written) >= _LONGEST_PATH or as_url(written) is not None:
        return None
    return expand_home(written.strip())


def file_value(value: Any, folder: Place, where: str) -> Any:
    """Return the path or URL of a cell, below `folder` unless it is absolute; media inside it are returned as they are.

    White space and quotation marks around it, and Windows separators, are taken off where no file has them.

    Raises:
        ManifestError: The cell is no path; `where` begins the message.
    """
    if isinstance(value, Mapping) and isinstance(value.get("path"), str) and value.get("bytes") is None:
        value = value["path"]
    if isinstance(value, StoredFile) or (isinstance(value, Mapping) and value.keys() & {"bytes", "array"}):
        return value
    if not isinstance(value, str):
        raise ManifestError(f"{where}: a {type(value).__name__}, not a path")
    if as_url(value) is not None:
        return value.strip()
    if isinstance(folder, Url):  # what lies elsewhere names nothing that lies here
        return folder.joined(value.strip()).text
    path = folder / expand_home(value)
    if not is_there(path):
        cleaned = value.strip().strip("\ufeff").strip("\"'").replace("\\", "/")
        if cleaned != value and is_there(cleaned_path := folder / expand_home(cleaned)):
            return str(cleaned_path)
        path = folder / expand_home(value.strip())
    return str(path)


def text_value(value: Any, key: str, where: str) -> Any:
    """Return the text of a cell; a list of one text is that text, and a list is what turns of a dialogue say.

    Turns may be written as JSON, since cells of a CSV are texts.

    Raises:
        ManifestError: Several texts where a sample has one; `where` begins the message.
    """
    if isinstance(value, str) and key in DIALOGUE_FIELDS:
        return _turns(value) or value
    if isinstance(value, list | tuple):
        texts = [v for v in value if v is not None]
        if len(texts) == 1 and not isinstance(texts[0], Mapping):
            return texts[0]
        if key not in DIALOGUE_FIELDS:
            raise ManifestError(
                f"{where}: {len(texts)} texts, and a sample has one {key}", hint="write one row for each text"
            )
        return texts
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _turns(text: str) -> list[Any] | None:
    """Return the turns with `text` that a text is the JSON of, or None: other texts in brackets are words."""
    if not text.lstrip().startswith("[{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if all(isinstance(turn, Mapping) and "text" in turn for turn in found) else None


def extra_values(row: Row, columns: Iterable[str]) -> dict[str, Any]:
    """Return the cells of columns without a meaning, URLs in them without credentials.

    Columns called like keys of samples, and media that nothing reads, are left out.
    """
    cells = {c: v for c in columns if c not in _RESERVED and (v := row.cell(c)) is not None}
    return {
        c: without_credentials(v) if isinstance(v, str) else v
        for c, v in cells.items()
        if not isinstance(v, StoredFile)
    }
