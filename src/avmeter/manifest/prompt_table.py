"""Tables and lists of texts, before their rows are assigned to clips."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from avmeter.errors import ManifestError
from avmeter.files import as_location
from avmeter.manifest.columns import Columns, find_column, resolve_columns
from avmeter.manifest.name_column import find_name_column
from avmeter.manifest.names import ClipNames
from avmeter.manifest.places import Place
from avmeter.manifest.read_table import decoded_text, read_table
from avmeter.manifest.rows import Row, Table, present
from avmeter.sample import DEFAULT_ACCESS, TEXT_FIELDS, RemoteAccess

REFERENCES = ("reference", "reference_audio")
"""Keys of a table of texts that are files."""

_MAY_LACK_HEADER = (".csv", ".tsv")


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """A table of texts of clips, not yet assigned.

    Attributes:
        table: The rows.
        columns: What the user said of columns: key of a sample -> column.
        access: How the table was fetched, for reading it again.
    """

    table: Table
    columns: Mapping[str, str] = field(default_factory=dict)
    access: RemoteAccess = DEFAULT_ACCESS

    def __len__(self) -> int:
        return len(self.table.rows)


def read_prompts(
    path: str | os.PathLike[str],
    columns: Mapping[str, str] | None = None,
    *,
    remote: RemoteAccess | Mapping[str, Any] | None = None,
) -> Prompts:
    """Read prompts of a CSV, TSV, JSONL, JSON, Parquet or text file.

    A table has a column with the names of the clips, whatever it is called, and `text_prompt` (or `prompt`, `caption`
    ...), `reference_text` (or `transcript` ...), or both. JSON may also be an object from names to texts or to objects.
    A text file has one prompt per line, or on each line the name of a clip, a tab or vertical bar, and its text.

    Args:
        path: The table; a path or URL.
        columns: Key of a sample -> column, for columns whose names are not understood.
        remote: How a URL may be fetched, as for `Evaluator`.

    Raises:
        ManifestError: The table cannot be read, or has no texts (for CSV, whose first line may be a row, that is found
            when the texts are assigned).
    """
    file, access = as_location(path), RemoteAccess.parse(remote)
    table = _text_lines(file, access) if file.suffix.lower() == ".txt" else read_table(file, access=access)
    if table.has_header and file.suffix.lower() not in _MAY_LACK_HEADER:
        _require_texts(table, _columns(table, columns))
    return Prompts(table=table, columns=dict(columns or {}), access=access)


def _text_lines(path: Place, access: RemoteAccess) -> Table:
    try:
        text = decoded_text(path, access)
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror or error})", hint="check the path") from error
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    for delimiter in ("\t", "|"):
        if lines and all(line.count(delimiter) == 1 for line in lines if line.strip()):
            cells = [line.split(delimiter) for line in lines]
            rows = [Row(where=f"line {i}", cells=_numbered(c)) for i, c in enumerate(cells, start=1) if len(c) == 2]
            return Table(path=path, rows=tuple(rows), has_header=False)
    rows = [Row(where=f"line {i}", cells=present({"text_prompt": line})) for i, line in enumerate(lines, start=1)]
    return Table(path=path, rows=tuple(rows))


def _numbered(cells: Sequence[str]) -> dict[str, str]:
    return {f"column {i}": cell.strip() for i, cell in enumerate(cells, start=1)}


def _columns(table: Table, explicit: Mapping[str, str] | None) -> Columns:
    found = resolve_columns(table, explicit)
    keys = {**found.keys, "": "text_prompt"} if "" in table.columns else found.keys
    return Columns(keys=keys, unused=found.unused, notes=found.notes)


def _require_texts(table: Table, columns: Columns) -> None:
    if not {*TEXT_FIELDS, *REFERENCES} & set(columns.keys.values()):
        found = ", ".join(f"`{c}`" for c in table.columns if c) or "none"
        raise ManifestError(
            f"{table.path}: no column of texts (columns: {found})",
            hint="call it `text_prompt` or `reference_text`, or say it: `--column text_prompt=NAME`",
        )


def decide_columns(prompts: Prompts, clips: ClipNames) -> tuple[Table, Columns]:
    """Decide what is the header of a table and what its columns mean, now that the clips are known.

    Raises:
        ManifestError: It has no texts, or none of its unnamed columns is surely the text.
    """
    table = _named_lines(prompts.table, clips)
    if table.has_header and table.path.suffix.lower() in _MAY_LACK_HEADER:
        known = _columns(table, prompts.columns).keys
        names_clips = {c for c in table.columns if clips.find(c) is not None}
        if names_clips and not known.keys() - names_clips:
            table = read_table(table.path, has_header=False, access=prompts.access)
    columns = _columns(table, prompts.columns)
    if not table.has_header and not set(TEXT_FIELDS) & set(columns.keys.values()):
        columns = _only_text(table, columns, clips, explicit_name(table, prompts))
    _require_texts(table, columns)
    return table, columns


def _named_lines(table: Table, clips: ClipNames) -> Table:
    """Split lines that each begin with the name of another clip and a space into two columns (Kaldi's `text`)."""
    if table.path.suffix.lower() != ".txt" or not table.has_header:
        return table
    cells = [str(row.cells.get("text_prompt", "")).split(maxsplit=1) for row in table.rows]
    found = [clips.find(c[0]) for c in cells if len(c) == 2]
    if len(found) < max(1, len(cells)) or None in found or len({f.positions for f in found if f}) != len(found):
        return table
    rows = [Row(where=row.where, cells=_numbered(c)) for row, c in zip(table.rows, cells, strict=True)]
    return Table(path=table.path, rows=tuple(rows), has_header=False)


def _only_text(table: Table, columns: Columns, clips: ClipNames, explicit: str | None) -> Columns:
    """Take the one column that does not name the clips for their text, where there is no header."""
    named = find_name_column(table, columns, clips, explicit=explicit)
    rest = [c for c in columns.unused if named is None or c != named.column]
    if named is None or len(rest) != 1:
        raise ManifestError(
            f"{table.path}: the first line names no columns, and {len(rest)} of them may be the text",
            hint="put a line of names above it, such as: id,text_prompt",
        )
    unused = tuple(c for c in columns.unused if c not in rest)
    return Columns(keys={**columns.keys, rest[0]: "text_prompt"}, unused=unused, notes=("no header line",))


def explicit_name(table: Table, prompts: Prompts) -> str | None:
    """Return the column of names as the user said it, if this table has it."""
    return find_column(prompts.columns["id"], table.columns) if "id" in prompts.columns else None
