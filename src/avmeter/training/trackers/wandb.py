"""Weights & Biases: scalars, sound and video.

W&B drops what is logged for a step that is past, and scores that come out of the background are late. So nothing is
logged at the step of the training: it goes into the row that is open, and the step stands beside it as `PREFIX/step`,
which charts of these scalars have as their axis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.errors import UsageError
from avmeter.training.trackers.base import ClipFile, ClipKind, import_tracker

STEP = "avmeter/step"
"""Name of the axis."""


class WandbTracker:
    """Writes to a run of W&B.

    Args:
        run: What `wandb.init` returned; default is the run that is active.

    Raises:
        MissingDependencyError: W&B is not installed.
        UsageError: No run is active.
    """

    name = "W&B"
    kinds = (ClipKind.AUDIO, ClipKind.VIDEO)

    def __init__(self, run: Any = None) -> None:
        self._wandb = import_tracker("wandb")
        self._run = self._wandb.run if run is None else run
        if self._run is None:
            raise UsageError("no run of W&B is active", hint="call wandb.init() first, or pass run=")
        self._defined: set[str] = set()
        self._last: tuple[int, int] | None = None  # row, step
        self._run.define_metric(STEP, hidden=True)

    def log_scalars(self, scalars: Mapping[str, float], *, step: int) -> None:
        """Write one row."""
        self._log(scalars, step)

    def log_clips(self, clips: Sequence[ClipFile], *, step: int) -> None:
        """Write the clips, which W&B copies, into the same row."""
        media = {clip.name: self._medium(clip) for clip in clips}
        self._log(media, step)

    def _medium(self, clip: ClipFile) -> Any:
        if clip.kind is ClipKind.AUDIO:
            return self._wandb.Audio(str(clip.path), caption=clip.caption)
        form = clip.path.suffix.removeprefix(".").lower()
        return self._wandb.Video(str(clip.path), caption=clip.caption, format=form)

    def _log(self, values: Mapping[str, Any], step: int) -> None:
        for name in values.keys() - self._defined:
            self._run.define_metric(name, step_metric=STEP)
        self._defined |= values.keys()
        row = self._run.step
        if self._last is not None and self._last[0] >= row and self._last[1] != step:
            row = self._last[0] + 1  # two steps in one row would be the last one
        self._last = (row, step)
        self._run.log({**values, STEP: step}, step=row)
