"""TensorBoard: scalars, and sound; its videos are GIFs without sound, so none are written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avmeter.errors import MissingDependencyError
from avmeter.media import AudioSpec, open_media
from avmeter.sample import MediaSource
from avmeter.training.trackers.base import ClipFile, ClipKind


class TensorBoardTracker:
    """Writes through a `SummaryWriter`.

    Args:
        writer: The trainer's `SummaryWriter`, or a folder for a new one.

    Raises:
        MissingDependencyError: A folder was passed, and TensorBoard is not installed.
    """

    name = "TensorBoard"
    kinds = (ClipKind.AUDIO,)

    def __init__(self, writer: Any) -> None:
        self._writer = _open_writer(writer) if isinstance(writer, str | os.PathLike) else writer

    def log_scalars(self, scalars: Mapping[str, float], *, step: int) -> None:
        """Write a scalar for each name."""
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, global_step=step)
        self._writer.flush()

    def log_clips(self, clips: Sequence[ClipFile], *, step: int) -> None:
        """Write the sound of each clip, mixed to one channel, and its caption as text."""
        for clip in clips:
            with open_media(MediaSource(path=clip.path)) as item:
                wave = np.asarray(item.audio(AudioSpec()))
                sample_rate = item.audio_facts.sample_rate
            wave = np.clip(wave, -1.0, 1.0)[None]  # the writer takes (1, N)
            self._writer.add_audio(clip.name, wave, global_step=step, sample_rate=sample_rate)
            self._writer.add_text(f"{clip.name}/caption", clip.caption, global_step=step)
        self._writer.flush()


def _open_writer(folder: str | os.PathLike[str]) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependencyError("this tracker needs `tensorboard`", hint="pip install tensorboard") from error
    return SummaryWriter(str(Path(folder)))
