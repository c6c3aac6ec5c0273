"""How far mouths are open: of boxes that are known, and of landmarks that are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.features.faces.mouths import Mouths, mouth_opening
from support.tracked_faces import BOX, cut, detections


def test_every_face_is_in_one_window() -> None:
    """16 at once, the rest in a shorter one; steps and tracks stand beside what is found."""
    extractor = Mouths(min_track=6, min_face_size=5)
    windows, facts = cut(extractor, detections(BOX))
    assert [w.inputs["faces"].shape for w in windows] == [(16, 192, 192, 3), (14, 192, 192, 3)]
    assert [w.inputs["faces"][0, 96, 96, 0] for w in windows] == [0, 16]
    outputs = [{"opening": np.full(n, 0.1), "presence": np.full(n, 9.0)} for n in (16, 14)]
    found = extractor.pool(outputs, [], facts)
    assert found["tick"].tolist() == list(range(30))
    assert found["opening"].shape == found["presence"].shape == found["track"].shape == (30,)
    assert [track["num_ticks"] for track in found.facts["tracks"]] == [30]


def test_opening_is_a_share_of_the_distance_of_the_eyes() -> None:
    """Whichever way the head is turned, and however large it is."""
    landmarks = torch.zeros(1, 468, 3)
    landmarks[0, [33, 263]] = torch.tensor([[-30.0, 0, 0], [30, 0, 0]])
    for upper, lower, apart in ((82, 87, 4.0), (13, 14, 6.0), (312, 317, 5.0)):
        landmarks[0, upper, 1], landmarks[0, lower, 1] = 40, 40 + apart
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))[0]
    assert mouth_opening(landmarks).item() == pytest.approx(5 / 60)
    assert mouth_opening(3 * landmarks @ turn).item() == pytest.approx(5 / 60)
