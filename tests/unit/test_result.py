"""A score, or a named reason why there is none; never both and never NaN."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import MediaError, SkipCode, UsageError
from avmeter.result import DUMMY_MARK, MetricResult, Skip
from support.hostile import RAISING, RaisingDict

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


@pytest.mark.parametrize("score", [np.float32(0.5), np.float64(0.5), np.array(0.5), torch.tensor(0.5), Decimal("0.5")])
def test_scalars_of_other_packages_are_plain_numbers(score: Any) -> None:
    """What metrics compute with; JSON and statistics know none of them, and writing the run failed."""
    found = MetricResult("m.x", score).score
    assert (found, type(found)) == (0.5, float)


@pytest.mark.parametrize("score", [1e101, -1.7e308])
def test_score_that_no_mean_could_hold_is_refused(score: float) -> None:
    """Two of them overflow a sum, and with it the summary of the whole run."""
    with pytest.raises(ValueError, match=r"beyond 1e\+100"):
        MetricResult("m.x", score)


@pytest.mark.parametrize("score", ["0.5", 1j, 10**400, [0.5, 0.5]])
def test_what_is_no_number_is_no_score(score: Any) -> None:
    """A text that looks like one is none either."""
    with pytest.raises(ValueError, match="a finite number or None"):
        MetricResult("m.x", score)


def test_details_are_a_dict() -> None:
    """Every table asks them for keys."""
    with pytest.raises(TypeError, match=r"m\.x: details are a dict, not a list"):
        MetricResult("m.x", 0.5, [1])  # type: ignore[arg-type]


def test_what_a_metric_returns_is_a_result_of_its_own_name() -> None:
    """A bare number is refused; a result under another name is the metric's all the same."""
    with pytest.raises(UsageError, match=r"m\.x: returned a float, not a MetricResult"):
        MetricResult.require(0.5, "m.x")
    assert MetricResult.require(MetricResult("m.other", 0.5), "m.x") == MetricResult("m.x", 0.5)


def test_details_are_those_of_the_moment() -> None:
    """A metric may fill one dict for every clip: the first had the details of the last."""
    kept: dict[str, Any] = {"frames": [1]}
    first = MetricResult.require(MetricResult("m.x", 0.5, kept), "m.x")
    kept["frames"].append(2)
    assert first.details == {"frames": [1]}


def test_details_of_any_kind_become_plain() -> None:
    """Whatever they hold, the score stays."""
    looped: dict[str, Any] = {"n": 1}
    looped["self"] = looped
    found = MetricResult.require(MetricResult("m.x", 0.5, looped), "m.x")
    assert (found.score, found.details) == (0.5, {"n": 1, "self": "(dict that contains itself)"})
    found = MetricResult.require(MetricResult("m.x", 0.5, RaisingDict(a=1)), "m.x")
    assert found.score == 0.5
    assert "RaisingDict that cannot be read" in found.details["details"]


def test_skip_of_a_metric_is_checked() -> None:
    """A code that does not stand in the list is part of the reason; what is no skip is refused."""
    own = Skip(code="too_blue", reason="blue", hint="red")  # type: ignore[arg-type]
    found = MetricResult.require(MetricResult("m.x", None, skip=own), "m.x")
    assert found.skip == Skip(code=SkipCode.FAILED, reason="too_blue: blue", hint="red")
    result = MetricResult("m.x", 0.5)
    object.__setattr__(result, "skip", "blue")
    with pytest.raises(UsageError, match="returned a str as its skip"):
        MetricResult.require(result, "m.x")


def test_score_that_was_changed_afterwards_is_checked_again() -> None:
    """Results are frozen, which keeps nobody from it."""
    result = MetricResult("m.x", 0.5)
    object.__setattr__(result, "score", math.nan)
    with pytest.raises(ValueError, match="a finite number or None"):
        MetricResult.require(result, "m.x")


def test_reason_and_hint_are_sentences() -> None:
    """On one line, printable and short, whatever they are made from."""
    skip = Skip(code=SkipCode.FAILED, reason="a\n\x1b[31m\ud800", hint="h" * 10_000)
    assert skip.reason == "a⏎\\x1b[31m\\ud800"
    assert len(skip.hint) < 3000
    assert Skip(code=SkipCode.FAILED, reason=RAISING).reason.startswith("(Raising without a text")  # type: ignore[arg-type]
