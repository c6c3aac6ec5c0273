"""cpWER against MeetEval 0.4.3; see golden/meeteval/README.md."""

from __future__ import annotations

import json

import pytest

from avmeter.text.speaker_errors import align_dialogue
from support.paths import GOLDEN

CASES = json.loads((GOLDEN / "meeteval" / "cpwer.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_errors_are_those_of_meeteval(case: dict[str, object]) -> None:
    """For any number of speakers on either side, empty ones among them."""
    sides = ({name: text.split() for name, text in case[side].items()} for side in ("reference", "transcript"))  # type: ignore[attr-defined]
    reference, transcript = sides
    found = align_dialogue(reference=reference, transcript=transcript).alignment
    assert (found.edits, found.num_reference) == (case["errors"], case["length"])
    assert found.insertions - found.deletions == case["insertions_less_deletions"]
