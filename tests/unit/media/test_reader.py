"""Every reader of clips can stand behind an item."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avmeter.media.array_reader import ArrayReader
from avmeter.media.file_reader import FileReader
from avmeter.media.frame_folder import FrameFolderReader
from avmeter.media.packets import Losses
from avmeter.media.reader import Reader
from support.media import numbered, write_image_folder, write_media


def readers(folder: Path) -> dict[str, Reader]:
    return {
        "file": FileReader(write_media(folder / "a.mkv", frames=numbered(5), video_codec="ffv1")),
        "folder": FrameFolderReader(write_image_folder(folder / "frames", numbered(5)), fps=25),
        "array": ArrayReader(frames=numbered(5), fps=25),
    }


@pytest.mark.parametrize("kind", ["file", "folder", "array"])
def test_readers_give_the_same_video(tmp_path: Path, kind: str) -> None:
    """Times, sizes, and frames by index, whatever holds them."""
    reader = readers(tmp_path)[kind]
    timestamps = reader.timestamps()
    assert timestamps.times_s == pytest.approx(np.arange(5) / 25, abs=1e-3)
    assert (reader.info.video[0].width, reader.info.video[0].height) == (96, 64)
    assert len(reader.key()) == 64
    losses = Losses()
    frames = dict(reader.frames(timestamps, {4, 1}, losses))
    assert {i: round((float(f.mean()) - 10) / 4) for i, f in frames.items()} == {1: 1, 4: 4}
    assert losses.reasons == []
    if not reader.info.audio and kind != "file":
        assert list(reader.audio_blocks(losses)) == []
