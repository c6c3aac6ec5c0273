"""Offsets by hand; those of the published program are in tests/parity."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.lip_offset import lip_offset


@pytest.mark.parametrize("early", [-3, 0, 2])
def test_offset_is_how_early_the_sound_is(early: int) -> None:
    """One moment of many, alone unlike the others."""
    faces, sound = np.zeros((20, 4), np.float32), np.zeros((20, 4), np.float32)
    faces[10] = sound[10 - early] = 7
    found = lip_offset(faces=faces, sound=sound, reach=4)
    assert found.offset == early
    assert found.distance == pytest.approx(0, abs=1e-4)
    assert found.confidence == pytest.approx(2 * 14 / 20, rel=1e-3)  # the length of (7, 7, 7, 7), unmatched twice
    assert found.distances.shape == (9,)


@pytest.mark.parametrize("shapes", [((0, 4), (0, 4)), ((3, 4), (4, 4)), ((3,), (3,))])
def test_embeddings_that_do_not_match_are_refused(shapes) -> None:
    """None, another number, no second axis."""
    faces, sound = (np.zeros(shape, np.float32) for shape in shapes)
    with pytest.raises(StatsError, match="need two equal ones"):
        lip_offset(faces=faces, sound=sound)
