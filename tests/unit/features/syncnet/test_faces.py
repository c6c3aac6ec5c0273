"""Faces as SyncNet sees them: of boxes that are known."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.engine.decode.messages import Recipe
from avmeter.errors import UnknownNameError
from avmeter.features.syncnet.faces import SyncNetFaces
from support.tracked_faces import BOX, cut, detections


def test_every_run_of_five_frames_is_in_one_window() -> None:
    """Windows of 20 frames, four of which the next one has again; the rest is shorter."""
    extractor = SyncNetFaces(min_track=6, min_face_size=5)
    windows, facts = cut(extractor, detections(BOX))
    assert [w.inputs["faces"].shape for w in windows] == [(20, 224, 224, 3), (14, 224, 224, 3)]
    assert [w.inputs["faces"][0, 112, 112, 0] for w in windows] == [0, 16]
    outputs = [{"embedding": np.ones((n, 3))} for n in (16, 10)]
    found = extractor.pool(outputs, [], facts)
    assert found["tick"].tolist() == list(range(26))
    assert found["track"].tolist() == [0] * 26
    assert found.facts["tracks"] == [
        {"start": 0, "num_ticks": 30, "num_found": 30, "side": 10.0, "position": [0.438, 0.438]}
    ]


def test_detector_is_part_of_the_identity_and_unknown_ones_are_refused() -> None:
    """So are its own features."""
    assert SyncNetFaces().identity() != SyncNetFaces(detector="blazeface").identity()
    assert SyncNetFaces(detector="blazeface").parents()["faces"].name == "faces_blazeface"
    with pytest.raises(UnknownNameError, match="unknown detector `mtcnn`"):
        SyncNetFaces(detector="mtcnn")


def test_processes_that_decode_get_what_was_found() -> None:
    """Boxes travel with the recipe."""
    informed = SyncNetFaces().after({"faces": detections(BOX)})
    built = Recipe.of(informed).build()
    assert built.identity() == informed.identity()
    np.testing.assert_array_equal(built.found["faces"]["boxes"], informed.found["faces"]["boxes"])
