"""Which onsets stay, and who claims whom."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.metrics.onset_matching import match_onsets, suppress_neighbours


@pytest.mark.parametrize(
    ("onsets_s", "confidence", "expected"),
    [
        ([], [], []),
        ([0.1, 0.2], [1, 1], [0, 1]),
        ([0.1, 0.14], [1, 2], [1]),
        ([0.1, 0.14], [2, 1], [0]),
        ([0.1, 0.14], [1, 1], [1]),
        ([0.1, 0.146, 0.192], [1, 2, 1], [1, 2]),
        ([0.1, 0.146, 0.192], [3, 1, 2], [0, 2]),
    ],
    ids=["none", "apart", "louder", "louder first", "tie", "one on either side", "chain"],
)
def test_louder_onsets_suppress_their_neighbours(onsets_s, confidence, expected: list[int]) -> None:
    """Less than 50 ms is near; of two neighbours on either side the later stays, as published."""
    assert suppress_neighbours(np.array(onsets_s), np.array(confidence)).tolist() == expected


@pytest.mark.parametrize(
    ("generated", "level", "reference", "is_hit", "misses"),
    [
        ([0.5], [1], [0.5, 1.0], [True], 0),
        ([0.5, 1.5], [1, 1], [0.55, 1.0], [True, False], 1),
        ([0.45, 0.55], [1, 2], [0.5], [False, True], 0),
        ([0.45, 0.55], [2, 1], [0.5, 0.56], [True, True], 0),
        ([0.5], [1], [], [False], 0),
        ([], [], [0.5, 1.0], [], 2),
    ],
    ids=["rest not looked at", "miss", "loudest", "both", "no reference", "no sound"],
)
def test_reference_claims_the_loudest_free_onset(generated, level, reference, is_hit, misses: int) -> None:
    """In order; when none is free any more, the rest of the reference is not looked at."""
    found = match_onsets(np.array(generated), np.array(level), np.array(reference), tolerance_s=0.1)
    assert found.is_hit.tolist() == is_hit
    assert (found.num_misses, found.num_reference) == (misses, len(reference))
