"""Onsets of two clips, cut to what they share."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.signal.onset_pair import OnsetPairExtractor
from avmeter.media import MediaItem
from golden.foley import RATE, hits

EVENTS = ((0.3, 0.6), (0.7, 0.3), (1.1, 0.5))
CLEAR = OnsetPairExtractor(delta=0.3)


def compared(generated: np.ndarray, reference: np.ndarray, extractor: OnsetPairExtractor = CLEAR):
    return extractor.compare(*(MediaItem.from_audio(side, RATE) for side in (generated, reference)))


def test_onsets_of_both_are_found_with_their_loudness() -> None:
    """Loudness is a share of the loudest sample; at the onset it is less than around it."""
    found = compared(hits(EVENTS[:2]), hits(EVENTS, seed=1))
    assert found["generated_s"] == pytest.approx([0.3, 0.7], abs=0.03)
    assert found["reference_s"] == pytest.approx([0.3, 0.7, 1.1], abs=0.03)
    assert found["confidence"][0] == pytest.approx(1)
    assert 0.2 < found["confidence"][1] < 0.9
    assert (found["level"] <= found["confidence"]).all()


def test_longer_side_is_cut_before_anything_is_measured() -> None:
    """Onsets, their strengths and the loudest sample are those of the shared part; so with a duration."""
    short, long = hits(EVENTS, duration_s=1.0), hits([*EVENTS, (2.5, 5.0)], duration_s=4.0, seed=1)
    cut = compared(long, short)
    same = compared(long[: len(short)], short)
    for name in ("generated_s", "confidence", "level"):
        np.testing.assert_array_equal(cut[name], same[name])
    assert cut.facts["used_seconds"] == 1.0
    assert cut.facts["generated_duration_s"] == 4.0
    first = compared(long, long, OnsetPairExtractor(delta=0.3, duration_s=1.0))
    np.testing.assert_array_equal(first["generated_s"], same["generated_s"])


def test_silence_has_no_onsets_and_no_sound_is_a_skip() -> None:
    """Nothing begins in silence, which is not an error; a side without samples has nothing to compare."""
    quiet = compared(np.zeros(RATE, np.float32), hits(EVENTS))
    assert [len(quiet[name]) for name in ("generated_s", "confidence", "level")] == [0, 0, 0]
    with pytest.raises(SkipError) as caught:
        compared(hits(EVENTS), hits(EVENTS), OnsetPairExtractor(duration_s=1e-6))
    assert caught.value.code is SkipCode.EMPTY_AUDIO
    with pytest.raises(SkipError, match=r"0\.050 s to compare") as caught:  # no onset on either side would be perfect
        compared(hits(EVENTS)[: RATE // 20], hits(EVENTS))
    assert caught.value.code is SkipCode.TOO_SHORT


@pytest.mark.parametrize("options", [{"delta": 0}, {"delta": 1.5}, {"duration_s": 0}, {"duration_s": -2}])
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    """Before a clip is read."""
    with pytest.raises(UsageError):
        OnsetPairExtractor(**options)
