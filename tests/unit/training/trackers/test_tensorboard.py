"""TensorBoard."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MissingDependencyError
from avmeter.training.trackers.base import ClipKind
from avmeter.training.trackers.tensorboard import TensorBoardTracker
from support.media import tone, write_pcm_wav
from support.trackers import SummaryWriter, clip_file


def test_scalars_are_written_one_by_one() -> None:
    """Under their names, at the step."""
    writer = SummaryWriter()
    TensorBoardTracker(writer).log_scalars({"val/a": 1.0, "val/b": 2.0}, step=7)
    assert writer.scalars == [("val/a", 1.0, 7), ("val/b", 2.0, 7)]


def test_stereo_becomes_the_one_channel_that_tensorboard_takes(tmp_path: Path) -> None:
    """At the clip's own rate, with its caption."""
    wave = np.stack([tone(440, 0.5, 22_050, 0.2)] * 2)
    path = write_pcm_wav(tmp_path / "a.wav", wave, 22_050)
    writer = SummaryWriter()
    tracker = TensorBoardTracker(writer)
    tracker.log_clips([clip_file(path)], step=7)
    ((name, (sound, rate)),) = writer.sounds.items()
    assert (name, rate, len(sound)) == ("val/user.level/worst/0", 22_050, 4410)
    assert writer.texts == {f"{name}/caption": "a"}
    assert tuple(tracker.kinds) == (ClipKind.AUDIO,)


def test_folder_without_tensorboard_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer of the trainer needs no package."""
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingDependencyError, match="tensorboard"):
        TensorBoardTracker(tmp_path)
