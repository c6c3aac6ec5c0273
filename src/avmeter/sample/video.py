"""A handle of a video for callers who have decoded it, or not yet."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any


@dataclass
class Video:
    """A handle of a video: a path (`source`), or decoded `frames` with `fps` (and sound)."""

    source: str | os.PathLike[str] | None = None
    fps: float | None = None
    frames: Any = None
    audio: Any = None
    audio_sr: int | None = None

    def has_frames(self) -> bool:
        """True if frames were decoded already."""
        return self.frames is not None

    def has_audio(self) -> bool:
        """True if audio was decoded already."""
        return self.audio is not None

    def __post_init__(self) -> None:
        if isinstance(self.source, os.PathLike):
            self.source = str(self.source)


def as_video(value: Any) -> Video:
    """Return a `Video` of a path, frames, or a `Video`."""
    if isinstance(value, Video):
        return value
    if isinstance(value, str | os.PathLike):
        return Video(source=str(value))
    return Video(frames=value)
