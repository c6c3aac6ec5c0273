"""Video as PE-AV's frame encoder reads it: which frames, and how long they last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter.features.base import get_extractor
from avmeter.features.pe_av.frame import PeAvFrame, spread_indices
from avmeter.media import MediaItem
from support import require
from support.media import numbered
from support.pe_av import write_checkpoint
from support.pe_av_features import embedded, film

require.package("transformers")


def test_every_frame_is_seen_or_sixteen_of_them(folder: Path, tmp_path: Path) -> None:
    """By what the checkpoint asks for; frames come in the order of their presentation, in bytes."""
    sixteen = write_checkpoint(tmp_path / "16", num_frames=16)
    item = film(1, 40)
    for model, wanted in ((folder, range(40)), (sixteen, spread_indices(40, 16))):
        extractor: Any = get_extractor("pe_av_frame", model=str(model))
        windows = list(extractor.windows(item))
        assert [round((int(w.inputs["pixels"][0, 5, 5]) - 10) / 4) for w in windows] == list(wanted)
        assert {(w.inputs["pixels"].shape, w.inputs["pixels"].dtype) for w in windows} == {
            ((3, 56, 56), np.dtype("uint8"))
        }
        assert [w.start_s for w in windows] == pytest.approx([i / 25 for i in wanted])
        assert extractor.facts(item) == {"num_frames": len(wanted), "num_frames_of_clip": 40}


def test_one_frame_and_fewer_than_sixteen_are_enough(folder: Path, tmp_path: Path) -> None:
    """A single frame is seen once, or sixteen times; the embedding is the same kind of thing."""
    assert spread_indices(1, 16) == (0,) * 16
    assert spread_indices(5, 16) == (0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4)
    for model in (folder, write_checkpoint(tmp_path / "16", num_frames=16)):
        features = embedded(model, film(0.5, 1))
        assert np.isfinite(features["video"]).all()


@pytest.mark.parametrize(("num_frames", "expected_s"), [(40, 1.6), (1, None)])
def test_facts_say_how_long_the_video_lasts(num_frames: int, expected_s: float | None) -> None:
    """For comparison with the sound; a single frame lasts as long as one likes."""
    extractor = PeAvFrame()
    item = MediaItem.from_frames(numbered(num_frames), 25)
    windows = list(extractor.windows(item))
    pooled = extractor.pool([{"vector": np.zeros(3)}] * len(windows), windows, extractor.facts(item))
    assert pooled.facts.get("picture_s") == (None if expected_s is None else pytest.approx(expected_s, abs=1e-3))
