"""A score, or a named reason why there is none; never both and never NaN."""

from __future__ import annotations

import math

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.result import DUMMY_MARK, MetricResult, Skip

SILENT = Skip(code=SkipCode.SILENT, reason="a.wav: silent", hint="listen")


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_score_is_a_finite_number(score: float) -> None:
    """What is not a number cannot pass for one in a mean."""
    with pytest.raises(ValueError, match="a finite number or None"):
        MetricResult("m.x", score)


def test_skipped_result_has_no_score() -> None:
    """A number beside a reason would be used."""
    with pytest.raises(ValueError, match="has no score"):
        MetricResult("m.x", 0.0, skip=SILENT)


def test_reason_stands_in_the_details() -> None:
    """Where FastVideo's readers look for it; a reason of the metric's own stays."""
    assert MetricResult.skipped("m.x", SILENT).details == {"skipped": "a.wav: silent"}
    own = MetricResult.skipped("m.x", SILENT, details={"skipped": "mine", "n": 1})
    assert own.details == {"skipped": "mine", "n": 1}


def test_error_becomes_the_skip_that_it_is() -> None:
    """Code, message and hint."""
    error = MediaError(SkipCode.SILENT, "a.wav: silent", hint="listen")
    assert Skip.of(error) == MetricResult.skipped("m.x", error).skip == SILENT


def test_prefix_says_which_side_it_concerns() -> None:
    """The rest stays."""
    assert SILENT.prefixed("reference") == Skip(code=SkipCode.SILENT, reason="reference: a.wav: silent", hint="listen")


def test_field_is_no_part_of_equality() -> None:
    """Run folders do not hold it, and what is read again equals what was written."""
    missing = {"code": SkipCode.MISSING_INPUT, "reason": "no `audio`"}
    assert Skip(**missing, field="audio") == Skip(**missing)


def test_dummy_mark_is_in_flag_details_and_text() -> None:
    """The original is not changed."""
    real = MetricResult("m.x", 0.123456, {"n": 1})
    dummy = real.marked_dummy()
    assert (dummy.dummy, dummy.score, dummy.details) == (True, 0.123456, {"n": 1, "weights": DUMMY_MARK})
    assert (real.dummy, real.details) == (False, {"n": 1})
    assert str(dummy) == "m.x: 0.1235 [dummy weights]"


def test_result_reads_as_a_line() -> None:
    """A score, or a code with its reason."""
    assert str(MetricResult("m.x", -1.5)) == "m.x: -1.5"
    assert str(MetricResult.skipped("m.x", SILENT)) == "m.x: skipped (silent: a.wav: silent)"
