"""NISQA as a feature: rates, long and short clips, and the flag of silence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.errors import SkipCode
from avmeter.features.base import get_extractor
from avmeter.features.quality.nisqa import NisqaExtractor
from avmeter.media import MediaItem
from avmeter.nets import nisqa
from support.extractors import noise, pool_constant

NAME = "audio.nisqa"


@pytest.fixture(scope="module")
def evaluator() -> Any:
    return create_evaluator(metrics=[NAME], weights="dummy", device="cpu")


def windows(num_samples: int, rate: int) -> list[Any]:
    extractor: Any = get_extractor("nisqa")
    return list(extractor.windows(MediaItem.from_audio(noise(num_samples), rate)))


def test_clip_is_read_whole_at_its_own_rate() -> None:
    """2 s at 22,050 Hz: frames of 220 samples, one window."""
    (window,) = windows(44_100, 22_050)
    assert window.inputs["mel"].shape == (48, 1 + 44_100 // 220)


def test_clip_beyond_52_s_is_cut_where_segments_follow_each_other() -> None:
    """60 s: 1300 segments, and the rest, whose first begins four frames after the last of those."""
    first, rest = windows(60 * 8_000, 8_000)
    assert nisqa.segments(_tensor(first)).shape[1] == nisqa.MAX_SEGMENTS
    (whole,) = windows(52 * 8_000, 8_000)
    assert nisqa.segments(_tensor(whole)).shape[1] < nisqa.MAX_SEGMENTS
    assert rest.start_s == pytest.approx(52.0)
    total = 1 + (6001 - 15) // 4
    assert nisqa.segments(_tensor(rest)).shape[1] == total - nisqa.MAX_SEGMENTS
    assert rest.duration_s / first.duration_s == pytest.approx((total - 1300) / 1300)


def test_opinions_are_averaged_by_duration() -> None:
    """Of every dimension."""
    pieces = windows(60 * 8_000, 8_000)
    outputs = [{"opinions": np.full(5, value, np.float32)} for value in (2.0, 4.0)]
    share = pieces[1].duration_s / (pieces[0].duration_s + pieces[1].duration_s)
    facts = pool_constant(NisqaExtractor(), pieces, outputs).facts
    assert [facts[name] for name in nisqa.OUTPUTS] == pytest.approx([2 + 2 * share] * 5)


def test_result_has_five_opinions_and_the_rate(evaluator: Any) -> None:
    """The first is the score."""
    result = evaluator.evaluate(audio=(noise(16_000), 16_000))[NAME]
    assert result.score == result.details["mos"]
    assert set(nisqa.OUTPUTS) < set(result.details)
    assert result.details["sample_rate"] == 16_000
    assert "warning" not in result.details


def test_what_cannot_be_judged_is_skipped_or_warned_of(evaluator: Any) -> None:
    """Too short for a segment, below telephone quality, silent."""
    short = evaluator.evaluate(audio=(noise(14 * 160 - 1), 16_000))[NAME].skip
    assert (short.code, "NISQA needs 0.14 s" in short.reason) == (SkipCode.TOO_SHORT, True)
    low = evaluator.evaluate(audio=(noise(8_000), 6_000))[NAME].skip
    assert (low.code, "6000 Hz" in low.reason) == (SkipCode.UNSUPPORTED, True)
    assert "silence" in evaluator.evaluate(audio=(np.zeros(16_000, np.float32), 16_000))[NAME].details["warning"]


def _tensor(window: Any) -> Any:
    import torch

    return torch.from_numpy(window.inputs["mel"])[None]


def test_opinion_does_not_depend_on_the_clips_beside_it(evaluator: Any) -> None:
    """To the bit, on the CPU: batches differ by timing, and runs did in the eighth digit."""
    samples = [{"audio": (noise(8_000, seed), 8_000)} for seed in range(5)]
    alone = [evaluator.evaluate(**sample)[NAME].score for sample in samples]
    assert [row[NAME].score for row in evaluator.evaluate(samples=samples)] == alone
