"""Where a clip comes from: a file, the bytes of one, or arrays in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avmeter.sample.access import DEFAULT_ACCESS, RemoteAccess
from avmeter.sample.stored import StoredFile


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why the value of a field cannot be used, and what to do about it."""

    message: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class MediaSource:
    """A clip. Exactly one of `path`, `data`, `stored`, (`samples` and/or `frames`) is set.

    Attributes:
        path: File with audio, video or both, or a folder of images, one per frame.
        data: The bytes of such a file.
        label: Name of `data`, for messages.
        stored: Where such a file lies that has no path: at a URL, in a shard, in a table.
        access: How that may be fetched.
        samples: Audio in a form of `media.arrays`.
        sample_rate: Hz, of `samples`.
        frames: Video in a form of `media.arrays`.
        fps: Frame rate of `frames` or of the folder; None when nobody said it.
        audio_stream: Which audio track of the file is read, 0 the first; None: its default one.
    """

    path: Path | None = None
    data: bytes | None = None
    label: str = ""
    stored: StoredFile | None = None
    access: RemoteAccess = DEFAULT_ACCESS
    samples: np.ndarray | None = None
    sample_rate: float | None = None
    frames: np.ndarray | None = None
    fps: float | None = None
    audio_stream: int | None = None

    def __str__(self) -> str:
        if self.path is not None:
            return str(self.path)
        if self.data is not None:
            return self.label or f"{len(self.data)} bytes"
        if self.stored is not None:
            return str(self.stored)
        shape = self.samples.shape if self.samples is not None else getattr(self.frames, "shape", ())
        return f"array {tuple(shape)}"

    @property
    def has_audio(self) -> bool:
        """Audio may be in it: a file or its bytes, or samples."""
        return self.is_repeatable or self.samples is not None

    @property
    def is_repeatable(self) -> bool:
        """The same content may come again in a later run: files and their bytes, not arrays."""
        return self.is_elsewhere or self.data is not None

    @property
    def is_elsewhere(self) -> bool:
        """The content is not in memory: the source is small, and opened again by whoever needs it."""
        return self.path is not None or self.stored is not None

    @property
    def identity(self) -> str:
        """Name of the source within a run: equal names are the same clip read in the same way."""
        rates = f"{self.sample_rate}:{self.fps}:{self.audio_stream}"
        if self.path is not None:
            return f"path:{rates}:{self.path}"
        if self.stored is not None:
            return f"stored:{rates}:{self.stored.identity}"
        return f"memory:{rates}:{id(self.data)}:{id(self.samples)}:{id(self.frames)}"
