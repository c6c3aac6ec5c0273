"""Names of references that differ from those of their generated clips, as the user maps them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

from avmeter.errors import ManifestError
from avmeter.media.extensions import without_extension

NameMap = Callable[[str], str] | str | Path | tuple[str, str]
"""A function, a CSV file (columns `generated`, `reference`), or a regular expression and its replacement."""


def name_mapping(spec: NameMap | None) -> Callable[[str], str]:
    """Return a function from the key of a generated clip to the key of its reference.

    Raises:
        ManifestError: The CSV lacks its columns, or the expression does not compile.
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
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {"generated", "reference"} <= set(reader.fieldnames or ()):
                raise ManifestError(
                    f"{path}: columns are {', '.join(reader.fieldnames or ()) or 'none'}",
                    hint="a name map has the columns `generated` and `reference`",
                )
            return {without_extension(row["generated"]): row["reference"] for row in reader if row["generated"]}
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: cannot be read ({error})") from error
