"""Arrays that grow along their first axis and move to disk when they get large."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from avmeter.errors import MediaError, SkipCode
from avmeter.media.advance import Advance, unwatched

MEBIBYTE = 1 << 20


class Spool:
    """Rows of equal shape, in memory up to a limit, beyond it in an unlinked temporary file.

    Reads like an array: `len`, `shape`, `dtype`, `spool[3]`, `spool[100:200]`, `spool[[4, 4, 0]]`, `np.asarray(spool)`.
    What is read is a copy if it came from disk, so that memory stays bounded by what the reader holds. The file goes
    with the last reference to the spool.

    Args:
        row_shape: Shape of one row; () for a waveform.
        dtype: Of the elements.
        limit_bytes: Size above which rows go to disk.
        num_expected: How many rows will come, if that is known: saves copies while growing.
        advance: Called for every part that is written to disk or read from it: what is that large takes time.
    """

    def __init__(
        self,
        row_shape: tuple[int, ...] = (),
        dtype: Any = np.float32,
        *,
        limit_bytes: int = 64 * MEBIBYTE,
        num_expected: int = 0,
        advance: Advance = unwatched,
    ) -> None:
        self.row_shape = tuple(row_shape)
        self.dtype = np.dtype(dtype)
        self._row_bytes = self.dtype.itemsize * int(np.prod(self.row_shape, dtype=np.int64))
        self._limit_bytes = limit_bytes
        self._advance = advance
        self._num_rows = 0
        fits = num_expected * self._row_bytes <= limit_bytes
        self._buffer = np.empty((num_expected if fits else 0, *self.row_shape), self.dtype)
        self._file: IO[bytes] | None = None
        self._lock = threading.Lock()

    def append(self, rows: np.ndarray) -> None:
        """Add rows (n, *row_shape); they are copied.

        Raises:
            MediaError: `no_space` if they do not fit into the temporary folder.
        """
        if rows.shape[1:] != self.row_shape:
            raise ValueError(f"rows of shape {rows.shape[1:]} do not fit a spool of {self.row_shape}")
        if not len(rows):
            return
        if self._file is None and (self._num_rows + len(rows)) * self._row_bytes > self._limit_bytes:
            self._file = _temporary_file()
            weakref.finalize(self, self._file.close)
            self._write(self._buffer[: self._num_rows])
            self._buffer = self._buffer[:0].copy()
        if self._file is None:
            self._keep(rows)
        else:
            self._write(np.ascontiguousarray(rows, dtype=self.dtype))
        self._num_rows += len(rows)

    def __len__(self) -> int:
        return self._num_rows

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, *row_shape)."""
        return (self._num_rows, *self.row_shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return 1 + len(self.row_shape)

    @property
    def nbytes(self) -> int:
        """Size of all rows."""
        return int(self._num_rows * self._row_bytes)

    @property
    def on_disk(self) -> bool:
        """Whether the rows have left memory."""
        return self._file is not None

    def __getitem__(self, key: Any) -> np.ndarray:
        if self._file is None:
            found: np.ndarray = self._buffer[: self._num_rows][key]
            return found
        if isinstance(key, slice):
            start, stop, step = key.indices(self._num_rows)
            if step == 1:
                return self._read(start, max(start, stop))
            return self[np.arange(start, stop, step)]
        if isinstance(key, int | np.integer):
            row = range(self._num_rows)[int(key)]
            one: np.ndarray = self._read(row, row + 1)[0]
            return one
        rows = np.arange(self._num_rows)[np.asarray(key)]
        if not len(rows):
            return np.empty((0, *self.row_shape), self.dtype)
        return np.stack([self._read(int(r), int(r) + 1)[0] for r in rows])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)

    def blocks(self, num_rows: int) -> Iterator[np.ndarray]:
        """All rows in order, in blocks of at most `num_rows`."""
        for start in range(0, self._num_rows, num_rows):
            yield self[start : start + num_rows]

    def scale(self, factor: float) -> None:
        """Multiply every element in place."""
        if self._file is None:
            self._buffer[: self._num_rows] *= self.dtype.type(factor)
            return
        num_rows = max(1, MEBIBYTE // max(1, self._row_bytes))
        for start in range(0, self._num_rows, num_rows):
            block = self[start : start + num_rows] * self.dtype.type(factor)
            with self._lock:
                self._file.seek(start * self._row_bytes)
                _write_all(self._file, block)

    def compact(self) -> np.ndarray | Spool:
        """The plain array if it is in memory, else the spool."""
        return self if self.on_disk else self[:]

    def _keep(self, rows: np.ndarray) -> None:
        stop = self._num_rows + len(rows)
        if stop > len(self._buffer):
            grown = np.empty((max(stop, 2 * len(self._buffer)), *self.row_shape), self.dtype)
            grown[: self._num_rows] = self._buffer[: self._num_rows]
            self._buffer = grown
        self._buffer[self._num_rows : stop] = rows

    def _write(self, rows: np.ndarray) -> None:
        assert self._file is not None
        self._advance(0.0)
        with self._lock:
            self._file.seek(0, 2)
            try:
                _write_all(self._file, rows)
            except OSError as error:
                raise _no_space(tempfile.gettempdir(), error) from error

    def _read(self, start: int, stop: int) -> np.ndarray:
        assert self._file is not None
        self._advance(0.0)
        out = np.empty((stop - start, *self.row_shape), self.dtype)
        if not out.size:
            return out
        target = out.data.cast("B")
        with self._lock:
            self._file.seek(start * self._row_bytes)
            done = 0
            while done < len(target):
                count = self._file.readinto(target[done:])  # type: ignore[attr-defined]
                if not count:
                    raise OSError("the temporary file of a spool is shorter than what was written")
                done += count
        return out


class ChannelView:
    """A spool of rows (N, C) seen as channels (C, N), without loading it: `view[0]`, `view[:, a:b]`, `view[1, a:b]`."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.dtype = spool.dtype
        self.ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """(channels, samples)."""
        return self._spool.row_shape[0], len(self._spool)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        channels, samples = key if isinstance(key, tuple) else (key, slice(None))
        rows = self._spool[samples]
        found: np.ndarray = rows[channels] if rows.ndim == 1 else rows.T[channels]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


def _temporary_file() -> IO[bytes]:
    """Open an unlinked file that lives as long as its spool.

    Raises:
        MediaError: `no_space` if there is no folder that can be written to.
    """
    try:
        return tempfile.TemporaryFile(prefix="avmeter-", buffering=0)
    except OSError as error:
        raise _no_space(tempfile.tempdir or "the temporary folder", error) from error


def _no_space(folder: str, error: OSError) -> MediaError:
    return MediaError(
        SkipCode.NO_SPACE,
        f"decoded media do not fit into {folder} ({error.strerror or error})",
        hint="free space there, or set TMPDIR to a folder that has some",
    )


def _write_all(file: IO[bytes], rows: np.ndarray) -> None:
    if not rows.size:
        return
    data = rows.data.cast("B")
    while len(data):
        data = data[file.write(data) :]
