"""Names of references that differ from those of their generated clips, as the user maps them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from avmeter.errors import ManifestError
from avmeter.manifest.read_table import read_table
from avmeter.media.extensions import without_extension

NameMap = Callable[[str], str] | str | Path | tuple[str, str]
"""A function, a table (columns `generated`, `reference`), or a regular expression and its replacement."""


def name_mapping(spec: NameMap | None) -> Callable[[str], str]:
    """Return a function from the key of a generated clip to the key of its reference.

    Raises:
        ManifestError: The table lacks its columns or contradicts itself, or the expression does not compile.
    """
    if spec is None:
        return lambda key: key
    if isinstance(spec, tuple):
        pattern, replacement = spec
        try:
            compiled = re.compile(pattern)
            re.sub(compiled, replacement, "")
        except re.error as error:
            raise ManifestError(f"name map {pattern!r} -> {replacement!r}: {error}") from error
        return lambda key: compiled.sub(replacement, key)
    if isinstance(spec, str | Path):
        table = _name_table(Path(spec))
        return lambda key: table.get(key, key)
    return spec


def _name_table(path: Path) -> dict[str, str]:
    """Reference of each generated clip, by names without extension.

    Raises:
        ManifestError: The table lacks its columns, or gives a clip two references.
    """
    table = read_table(path)
    if not {"generated", "reference"} <= set(table.columns):
        raise ManifestError(
            f"{path}: columns are {', '.join(table.columns) or 'none'}",
            hint="a name map has the columns `generated` and `reference`",
        )
    names: dict[str, str] = {}
    for row in table.rows:
        generated, reference = (str(row.cell(c) or "") for c in ("generated", "reference"))
        if generated and names.setdefault(without_extension(generated), reference) != reference:
            raise ManifestError(f"{path}, {row.where}: `{generated}` has another reference before: keep one")
    return names
