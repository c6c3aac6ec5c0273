"""Faces that are followed and cut out, as SyncNet and the mesh read them."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features
from avmeter.features.syncnet.faces import SyncNetFaces
from support.tracked_faces import BOX, cut, detections


def reader(**options: Any) -> SyncNetFaces:
    return SyncNetFaces(**{"min_track": 6, "min_face_size": 5, **options})


def test_cut_divides_a_face_and_each_part_starts_where_it_does() -> None:
    """Two tracks; a face in a shot that is too short is none."""
    windows, facts = cut(reader(), detections(BOX, cuts=(4, 17)))
    assert [(t["start"], t["num_ticks"]) for t in facts["tracks"]] == [(4, 13), (17, 13)]
    assert facts["cut"] == [(0, 4), (1, 17)]
    assert [w.start_s for w in windows] == [pytest.approx(4 / 25), pytest.approx(17 / 25)]


def test_of_a_crowd_the_largest_faces_are_embedded() -> None:
    """Eight of ten."""
    crowd = [(0.0, 20.0 * n, 6 + n / 2, 20.0 * n + 6 + n / 2) for n in range(10)]
    _, facts = cut(reader(), detections(*crowd, num=10), num=10)
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
        cut(reader(**options), found)
    assert caught.value.code == code
    assert ("`min_track`" in caught.value.hint) == (reason != "no face in 30 frames")
