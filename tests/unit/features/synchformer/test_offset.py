"""Synchformer's comparison: which segments of sound and video meet, and what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Features
from avmeter.features.synchformer.offset import SynchformerOffset
from avmeter.nets.synchformer import OFFSET_GRID_S


def side(num_segments: int, encoded: list[int] | None = None, **facts: Any) -> Features:
    """Features whose every number is that of their segment."""
    segments = np.array(range(num_segments) if encoded is None else encoded)
    features = np.broadcast_to(segments[:, None, None], (len(segments), 2, 3)).astype(np.float32)
    return Features(
        arrays={"features": features, "segments": segments},
        facts={"num_segments": num_segments, "stretched": None, **facts},
    )


def compared(video: Features, audio: Features, **options: Any) -> list[tuple[list[int], list[int]]]:
    """Segments of video and sound of each window."""
    windows = SynchformerOffset(**options).windows({"video": video, "audio": audio})
    return [tuple([int(f[0, 0]) for f in w.inputs[name]] for name in ("video", "audio")) for w in windows]  # type: ignore[misc]


def test_front_and_back_of_what_both_share_are_compared() -> None:
    """Where sound lasts longer than video, its end is not compared with an earlier one of the video."""
    expected = [(list(range(14)), list(range(14))), (list(range(6, 20)), list(range(6, 20)))]
    assert compared(side(20), side(25)) == expected
    assert compared(side(25), side(20)) == expected


def test_shortest_clip_is_compared_twice_at_the_same_place() -> None:
    """Front and back are 14 segments each, here the same."""
    assert compared(side(14), side(14)) == [(list(range(14)), list(range(14)))] * 2


def test_curve_compares_at_every_position() -> None:
    """17 segments have four runs of 14, 0.32 s apart."""
    media = {"video": side(17), "audio": side(17)}
    windows = list(SynchformerOffset(curve=True).windows(media))
    assert [w.start_s for w in windows] == pytest.approx([0.0, 0.32, 0.64, 0.96])
    assert [int(w.inputs["video"][0, 0, 0]) for w in windows] == [0, 1, 2, 3]


def test_ends_that_lie_too_far_apart_are_a_skip_with_both_lengths() -> None:
    """Of a long clip the middle is not encoded: the shared end may lie there."""
    long = side(200, [*range(14), *range(170, 200)])
    with pytest.raises(SkipError, match=r"32\.32 s of sound and 64\.32 s") as caught:
        compared(long, side(100, [*range(14), *range(70, 100)]))
    assert caught.value.code == SkipCode.UNSUPPORTED
    assert "curve" in caught.value.hint


def test_facts_hold_both_lengths_the_rule_and_the_note_of_a_truncated_file() -> None:
    """What a result reports comes from both parents."""
    offset = SynchformerOffset(short="loop")
    plain = offset.facts({"video": side(20), "audio": side(18)})
    assert plain == {"num_video_segments": 20, "num_audio_segments": 18, "stretched": None}
    noted = offset.facts({"video": side(14, stretched="loop"), "audio": side(18, header_mismatch="half of it")})
    assert noted["stretched"] == "loop"
    assert noted["header_mismatch"] == "half of it"


def test_logits_are_stacked_with_their_times_and_the_grid() -> None:
    """One row per position."""
    media = {"video": side(17), "audio": side(17)}
    offset = SynchformerOffset(curve=True)
    windows = [w.without_inputs() for w in offset.windows(media)]
    pooled = offset.pool([{"logits": np.full(21, i)} for i in range(4)], windows, offset.facts(media))
    assert pooled["logits"].shape == (4, 21)
    assert pooled["start_s"].tolist() == pytest.approx([0.0, 0.32, 0.64, 0.96])
    assert pooled.facts["grid_s"] == list(OFFSET_GRID_S)


def test_parents_have_its_protocol_and_its_rule_and_encode_what_it_reads() -> None:
    """A curve needs every segment; the two ends do not."""
    for curve in (False, True):
        parents = SynchformerOffset(protocol="av-benchmark", curve=curve, short="pad").parents()
        assert list(parents) == ["video", "audio"]
        expected = {"protocol": "av-benchmark", "whole": curve, "short": "pad"}
        assert all(dict(parent.options()) == expected for parent in parents.values())


def test_curve_is_true_or_false() -> None:
    """The text of a command line is neither."""
    with pytest.raises(UsageError, match="curve is 'yes'"):
        SynchformerOffset(curve="yes")  # type: ignore[arg-type]
