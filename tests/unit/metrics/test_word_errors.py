"""The state of a corpus of transcripts."""

from __future__ import annotations

import pytest

from avmeter.errors import SkipCode
from avmeter.metrics.word_errors import NUM_WORST, ClipErrors, WerState, counts, diff
from avmeter.text.error_rate import align


def clip(reference: str, transcript: str, *, name: str = "a", missing: SkipCode | None = None) -> ClipErrors:
    alignment = align(reference.split(), transcript.split())
    return ClipErrors(clip=name, language="en", alignment=alignment, missing=missing)


def state_of(*clips: ClipErrors, missing_counts: bool = True) -> WerState:
    state = WerState()
    for each in clips:
        state.add(each, missing_counts=missing_counts)
    return state


def test_rate_of_a_corpus_is_all_edits_over_all_words() -> None:
    """And the mean over clips stands beside it: long clips weigh more in the first."""
    rate, details = state_of(clip("a b c d e f g h", "a b c d e f g h"), clip("a b", "a x")).summary(
        missing_counts=True
    )
    assert rate == pytest.approx(1 / 10)
    assert details["macro_wer"] == pytest.approx(0.25)


def test_interval_of_a_rate_begins_at_0_where_the_arithmetic_goes_below() -> None:
    """Two clips, of which one is perfect."""
    _, details = state_of(clip("a b", "a b"), clip("a b", "c d", name="b")).summary(missing_counts=True)
    assert details["interval"][0] == 0
    assert details["interval"][1] > 1


@pytest.mark.parametrize(("missing_counts", "expected"), [(True, 3 / 4), (False, 1 / 2)])
def test_clip_without_sound_counts_as_deletions_or_not_at_all(missing_counts: bool, expected: float) -> None:
    """As was chosen; it is counted either way."""
    clips = (clip("a b", "a x"), clip("c d", "", name="gone", missing=SkipCode.MISSING_FILE))
    rate, details = state_of(*clips, missing_counts=missing_counts).summary(missing_counts=missing_counts)
    assert rate == expected
    assert (details["num_missing"], details["wer_scored_only"]) == (1, 0.5)
    assert ("gone" in [w["id"] for w in details["worst"]]) == missing_counts
    assert details["ratio_of_sums"]["unscored"] == ({"gone": [2, 2]} if missing_counts else {})


def test_worst_clips_are_the_same_whatever_the_order_and_the_split() -> None:
    """By rate, then edits, then id; ten at most, and none without an error."""
    clips = [clip("a b c d", " ".join("abcd"[: i % 5]), name=f"{i:02}") for i in range(40)]
    whole = state_of(*clips)
    merged = state_of(*clips[30:]).merged(state_of(*clips[:30]))
    assert [c.clip for c in whole.worst] == [c.clip for c in merged.worst]
    assert [c.clip for c in whole.worst] == ["00", "05", "10", "15", "20", "25", "30", "35", "01", "06"]
    assert len(whole.worst) == NUM_WORST
    assert state_of(clip("a", "a")).worst == []


def test_merging_changes_neither_state() -> None:
    """Their languages and their numbers are added."""
    a, b = state_of(clip("a b", "a x")), state_of(clip("c", "y"))
    assert a.merged(b).by_language == {"en": (2, 3, 2)}
    assert (a.by_language, b.by_language) == ({"en": (1, 2, 1)}, {"en": (1, 1, 1)})


def test_steps_and_kinds_of_an_alignment_are_json() -> None:
    """Words of both sides, None where there is none."""
    alignment = align(["a", "b"], ["a", "x", "c"])
    assert counts(alignment) == {"hits": 1, "substitutions": 1, "deletions": 0, "insertions": 1}
    assert sorted(step[0] for step in diff(alignment)) == sorted(op.kind for op in alignment.ops)
    assert all(len(step) == 3 for step in diff(alignment))
