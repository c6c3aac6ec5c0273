"""Files that have no path of their own: at a URL, inside a tar shard, or in a cell of a Parquet table.

    StoredFile(place=Url("s3://bucket/a.wav"))                        an object, or a file behind a web address
    StoredFile(place=Path("000.tar"), part=Span(offset=512, size=9))  a member of a shard, read where it lies
    StoredFile(place=Path("a.parquet"), part=Cell(...))               the bytes of one cell

These say where a file is; `avmeter.sources` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from avmeter.files import Url


@dataclass(frozen=True, kw_only=True)
class Span:
    """Bytes `offset` to `offset + size` of a file."""

    offset: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a Parquet file: of bytes, or of an object that has `bytes`.

    Attributes:
        row_group: Position of the row group.
        row: Position of the row within the row group.
        column: Name of the column; `NAME.bytes` for an object.
    """

    row_group: int
    row: int
    column: str


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file without a path of its own.

    Attributes:
        place: The file that holds it, or itself.
        part: Where it is in there; None: it is the whole.
        label: Its name, for messages and ids; default is that of the place.
    """

    place: Path | Url
    part: Span | Cell | None = None
    label: str = ""

    def __str__(self) -> str:
        return self.label or str(self.place)

    @property
    def suffix(self) -> str:
        """Extension of its name with its dot, or an empty string."""
        return PurePosixPath(self.label).suffix if self.label else self.place.suffix

    @property
    def identity(self) -> str:
        """Names the file within a run."""
        return f"{self.place.text if isinstance(self.place, Url) else self.place}|{self.part}"
