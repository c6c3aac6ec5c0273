"""Tar shards and Parquet tables with media, as data set libraries write them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def wav_bytes(frequency_hz: float = 440, duration_s: float = 1.0, sample_rate: int = 16000) -> bytes:
    """A sine as 16 bit WAV."""
    import wave

    time_s = np.arange(round(sample_rate * duration_s)) / sample_rate
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes((8000 * np.sin(2 * np.pi * frequency_hz * time_s)).astype("<i2").tobytes())
    return buffer.getvalue()


def tar_bytes(members: Iterable[tuple[str, bytes]], *, file_format: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of files in this order; a name may occur twice."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=file_format) as archive:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def write_parquet(path: Path, columns: dict[str, Sequence[Any]], *, row_group_size: int = 3) -> Path:
    """A Parquet file; objects of bytes and path become structs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(
        pa.table({name: list(values) for name, values in columns.items()}), path, row_group_size=row_group_size
    )
    return path
