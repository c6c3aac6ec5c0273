"""Fewest edits over assignments of speakers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from avmeter.text import speaker_errors
from avmeter.text.error_rate import Alignment, align
from avmeter.text.speaker_errors import align_dialogue, cheapest_assignment


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5])
def test_assignment_is_the_cheapest_of_all_permutations(size: int) -> None:
    """Tried one by one, with ties and zeros among the costs."""
    random = np.random.default_rng(size)
    for _ in range(20):
        costs = random.integers(0, 4, (size, size)).astype(np.float64)
        found = cheapest_assignment(costs)
        assert sorted(found) == list(range(size))
        least = min(sum(costs[i, j] for i, j in enumerate(p)) for p in itertools.permutations(range(size)))
        assert sum(costs[i, j] for i, j in enumerate(found)) == least


def test_speakers_are_matched_by_what_they_say() -> None:
    """Whatever they are called; whoever is left over is inserted or deleted whole."""
    found = align_dialogue(
        reference={"Ann": ["a", "b"], "Bob": ["c"]}, transcript={"x": ["c"], "y": ["a", "b"], "z": ["d"]}
    )
    assert found.alignment.edits == found.alignment.insertions == 1
    assert set(found.assignment) == {("Ann", "y"), ("Bob", "x"), (None, "z")}
    found = align_dialogue(reference={"Ann": ["a", "b"], "Bob": ["c"]}, transcript={"x": ["a", "b"]})
    assert found.alignment.edits == found.alignment.deletions == 1
    assert ("Bob", None) in found.assignment


def test_nobody_on_either_side_has_nothing_to_count() -> None:
    """No edits, and no rate."""
    found = align_dialogue(reference={}, transcript={})
    assert (found.alignment.edits, found.alignment.error_rate, found.assignment) == (0, None, ())


def test_only_who_is_assigned_is_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    """An alignment takes a hundred times what a count of edits takes, and there are N^2 pairs of N speakers."""
    aligned: list[tuple[int, int]] = []

    def counted(reference: Sequence[str], transcript: Sequence[str]) -> Alignment:
        aligned.append((len(reference), len(transcript)))
        return align(reference, transcript)

    monkeypatch.setattr(speaker_errors, "align", counted)
    speakers = {f"s{i}": [f"w{i}", "and", "so"] for i in range(40)}
    found = align_dialogue(reference=speakers, transcript=dict(reversed(speakers.items())))
    assert found.alignment.edits == 0
    assert aligned == [(3, 3)] * 40
