"""Faces as SyncNet sees them: of boxes that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.engine.decode.messages import Recipe
from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.base import Features
from avmeter.features.syncnet.faces import SyncNetFaces
from avmeter.media import MediaItem

BOX = (2.0, 2.0, 12.0, 12.0)
NUM = 30


def detections(*boxes: tuple[float, ...], num: int = NUM, cuts: tuple[int, ...] = ()) -> Features:
    """The same boxes in every frame."""
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    arrays = {
        "boxes": np.tile(rows, (num, 1)),
        "scores": np.ones(num * len(rows), np.float32),
        "ticks": np.repeat(np.arange(num), len(rows)),
    }
    seen = num if len(rows) else 0
    return Features(arrays=arrays, facts={"num_ticks": num, "num_seen": seen, "cuts": list(cuts), "size": [16, 16]})


def cut(found: Features, num: int = NUM, **options: Any) -> tuple[SyncNetFaces, list[Any], Any]:
    """Extractor, windows and facts of a clip that gets brighter frame by frame."""
    extractor = SyncNetFaces(**{"min_track": 6, "min_face_size": 5, **options}).after({"faces": found})
    frames = np.arange(num, dtype=np.uint8)[:, None, None, None] * np.ones((1, 16, 16, 3), np.uint8)
    consumer = extractor.consumer(MediaItem.from_frames(frames, 25.0))
    windows = [window for frame in frames for window in consumer.add(frame)]
    return extractor, windows, consumer.finish()


def test_every_run_of_five_frames_is_in_one_window() -> None:
    """Windows of 20 frames, four of which the next one has again; the rest is shorter."""
    extractor, windows, facts = cut(detections(BOX))
    assert [w.inputs["faces"].shape for w in windows] == [(20, 224, 224, 3), (14, 224, 224, 3)]
    assert [w.inputs["faces"][0, 112, 112, 0] for w in windows] == [0, 16]
    outputs = [{"embedding": np.ones((n, 3))} for n in (16, 10)]
    found = extractor.pool(outputs, [], facts)
    assert found["tick"].tolist() == list(range(26))
    assert found["track"].tolist() == [0] * 26
    assert found.facts["tracks"] == [
        {"start": 0, "num_ticks": 30, "num_found": 30, "side": 10.0, "position": [0.438, 0.438]}
    ]


def test_cut_divides_a_face_and_each_part_starts_where_it_does() -> None:
    """Two tracks; a face in a shot that is too short is none."""
    _, windows, facts = cut(detections(BOX, cuts=(4, 17)))
    assert [(t["start"], t["num_ticks"]) for t in facts["tracks"]] == [(4, 13), (17, 13)]
    assert facts["cut"] == [(0, 4), (1, 17)]
    assert [w.start_s for w in windows] == [pytest.approx(4 / 25), pytest.approx(17 / 25)]


def test_of_a_crowd_the_largest_faces_are_embedded() -> None:
    """Eight of ten."""
    crowd = [(0.0, 20.0 * n, 6 + n / 2, 20.0 * n + 6 + n / 2) for n in range(10)]
    _, _, facts = cut(detections(*crowd, num=10), num=10)
    assert sorted(t["side"] for t in facts["tracks"]) == [7.0, 7.5, 8.0, 8.5, 9.0, 9.5, 10.0, 10.5]


@pytest.mark.parametrize(
    ("found", "options", "code", "reason"),
    [
        (detections(), {}, SkipCode.NO_FACE, "no face in 30 frames"),
        (
            detections(BOX, cuts=(15,)),
            {"min_track": 20},
            SkipCode.NO_FACE,
            "a face in 30 of 30 frames, none followed in more than 20",
        ),
        (detections(BOX), {"min_face_size": 10}, SkipCode.NO_FACE, "larger than 10 pixels, only 10"),
        (detections(BOX), {"min_track": 30}, SkipCode.TOO_SHORT, "1.20 s; a face must be seen for more than 1.20 s"),
    ],
)
def test_clip_without_a_usable_face_is_a_named_skip(found: Features, options: Any, code: SkipCode, reason: str) -> None:
    """None, none for long, none that is large, and too few frames for any."""
    with pytest.raises(SkipError, match=reason) as caught:
        cut(found, **options)
    assert caught.value.code == code


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
