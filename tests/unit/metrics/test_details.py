"""Details that several metrics write alike."""

from __future__ import annotations

import pytest

from avmeter.metrics.details import duration_mismatch, prompt_details, with_notes

READ = {"num_tokens": 5, "num_dropped": 0, "truncated": False}


def test_notes_stand_before_the_one_that_is_there_and_leave_their_input_alone() -> None:
    """In the order of writing; without notes there is no key."""
    details = {"note": "last", "x": 1}
    assert with_notes(details, ["first", "second"]) == {"note": "first; second; last", "x": 1}
    assert details == {"note": "last", "x": 1}
    assert with_notes({"x": 1}, []) == {"x": 1}
    assert with_notes({"note": "alone"}, []) == {"note": "alone"}


@pytest.mark.parametrize(("num_dropped", "noted"), [(0, False), (13, True)])
def test_prompt_that_was_cut_says_how_much_of_it(num_dropped: int, noted: bool) -> None:
    """A prompt that was read whole has no note."""
    facts = {"num_tokens": 90, "num_dropped": num_dropped, "truncated": noted}
    details = prompt_details(facts)
    assert {k: details[k] for k in facts} == facts
    assert ("note" in details) == noted
    assert not noted or details["note"] == "the prompt has 90 tokens: the last 13 were not read"


def test_only_a_mismatch_is_taken_from_the_facts() -> None:
    """A file as long as its header says adds nothing."""
    assert duration_mismatch({"header_mismatch": "the header says 5 s", "other": 1}) == {
        "header_mismatch": "the header says 5 s"
    }
    assert duration_mismatch(READ) == {}
