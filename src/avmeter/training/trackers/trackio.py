"""Trackio: scalars, sound and video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.training.trackers.base import ClipFile, ClipKind, import_tracker


class TrackioTracker:
    """Writes to a run of Trackio.

    Args:
        run: What `trackio.init` returned. Trackio itself knows the current run only in the thread that began it.

    Raises:
        MissingDependencyError: Trackio is not installed.
    """

    name = "Trackio"
    kinds = (ClipKind.AUDIO, ClipKind.VIDEO)

    def __init__(self, run: Any) -> None:
        self._trackio = import_tracker("trackio")
        self._run = run

    def log_scalars(self, scalars: Mapping[str, float], *, step: int) -> None:
        """Write one row."""
        self._run.log(dict(scalars), step=step)

    def log_clips(self, clips: Sequence[ClipFile], *, step: int) -> None:
        """Write the clips, which Trackio copies."""
        self._run.log({clip.name: self._medium(clip) for clip in clips}, step=step)

    def _medium(self, clip: ClipFile) -> Any:
        kind = self._trackio.Audio if clip.kind is ClipKind.AUDIO else self._trackio.Video
        return kind(str(clip.path), caption=clip.caption)
