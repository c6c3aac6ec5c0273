"""Any table on disk as rows: CSV, TSV, JSON Lines, JSON, Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from avmeter.errors import ManifestError
from avmeter.manifest.delimited import delimited_table
from avmeter.manifest.places import Place, read_place
from avmeter.manifest.rows import Row, Table, json_lines, json_rows, parquet_rows
from avmeter.sample import DEFAULT_ACCESS, RemoteAccess

TABLE_EXTENSIONS = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"})
_JSON: Mapping[str, Callable[[str, Place], Iterator[Row]]] = {
    ".json": json_rows,
    ".jsonl": json_lines,
    ".ndjson": json_lines,
}


def read_table(path: Place, *, has_header: bool = True, access: RemoteAccess = DEFAULT_ACCESS) -> Table:
    """Read a CSV, TSV, JSONL, JSON or Parquet file; an unknown extension counts as CSV.

    CSV: UTF-8 (or UTF-16 with its mark), comma, semicolon, tab or vertical bar, a header line. JSON: a list of objects
    or strings, or an object whose keys are names. A string stands for an object with the one key "" (its meaning is
    the caller's); an entry under a name gets the key "id". Empty cells, null and NaN are absent.

    Args:
        path: The file.
        has_header: False if the first line of a CSV is known to be a row.
        access: How a URL may be fetched.

    Raises:
        ManifestError: The file cannot be read, or a line is malformed.
    """
    kind = path.suffix.lower()
    try:
        if kind in (".parquet", *_JSON):
            read = parquet_rows(path, access) if kind == ".parquet" else _JSON[kind](decoded_text(path, access), path)
            return Table(path=path, rows=tuple(row for row in read if row.cells))
        return delimited_table(decoded_text(path, access), path, has_header=has_header)
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror or error})", hint="check the path") from error


def decoded_text(path: Place, access: RemoteAccess = DEFAULT_ACCESS) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 if it has the mark of it; line ends become "\\n".

    Raises:
        ManifestError: It is text of another encoding; the message has the line.
        OSError: It cannot be read.
    """
    data = read_place(path, access)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding).replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ManifestError(
            f"{path}, line {line}: not {encoding.removesuffix('-sig').upper()} text", hint="save it as UTF-8"
        ) from error
