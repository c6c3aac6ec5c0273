"""VBench's metrics through the evaluator against FastVideo's own metric code; see golden/vbench/README.md."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.features.byte_pairs import BytePairExtractor
from avmeter.features.video.umt import UmtExtractor
from avmeter.media import MediaItem
from avmeter.nets.clip_tokens import ClipTokens, read_merges
from avmeter.weights import WeightsSource
from golden import synth
from support import require
from support.extractors import extract
from support.paths import GOLDEN
from support.picture_networks import put_small_networks, small_runtime

PUBLISHED = json.loads((GOLDEN / "vbench" / "scores.json").read_text())
PROMPT = "A person is riding a bike, Van Gogh style"
# Absolute. All are cosines, or ratings near 0, of float32.
TOLERANCE = 2e-5
NAMES = [
    "vbench.subject_consistency",
    "vbench.background_consistency",
    "vbench.appearance_style",
    "vbench.aesthetic_quality",
    "vbench.overall_consistency",
    "vbench.temporal_style",
]


@pytest.fixture
def evaluator(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Small networks under the fill, and the real tokens, for which the fill has stand-ins."""
    require.package("ftfy")
    require.weights("clip-vocabulary")
    merges = read_merges(WeightsSource().path("clip-vocabulary"))
    monkeypatch.setattr(
        BytePairExtractor, "build_tokenizer", lambda self, _runtime: ClipTokens(merges, length=self.context_length)
    )
    made = create_evaluator(metrics=[*NAMES, "vbench.human_action"], weights="dummy", device="cpu")
    put_small_networks(made._computer.runtime)
    return made


def compare(evaluator: Any, case: str, **video: Any) -> None:
    """Scores, and what FastVideo gives frame by frame."""
    found = evaluator.evaluate(**video, text_prompt=PROMPT)
    published = PUBLISHED[case]
    for name in NAMES:
        assert found[name].score == pytest.approx(published[name]["score"], abs=TOLERANCE), name
        if "per_frame" in published[name]:
            np.testing.assert_allclose(
                found[name].details["per_frame"], published[name]["per_frame"], rtol=0, atol=TOLERANCE, err_msg=name
            )
    named = evaluator.evaluate(**video, text_prompt="A person is riding a bike")["vbench.human_action"]
    assert named.details["predictions"] == published["vbench.human_action"]["predictions"]
    assert named.score == float("riding a bike" in named.details["predictions"])


def test_frames_in_memory_have_fastvideos_scores(evaluator: Any) -> None:
    """Frames smaller than the networks' input, wider than high."""
    compare(evaluator, "blobs", video=synth.moving_blobs(20, 90, 160), fps=8.0)


@pytest.mark.media
def test_real_clip_has_fastvideos_scores(evaluator: Any) -> None:
    """Every frame of a file, decoded once for all seven."""
    compare(evaluator, "ltx2.mp4", video=require.media("ltx2.mp4"))


@pytest.mark.media
def test_actions_of_a_real_clip_have_fastvideos_logits() -> None:
    """All 400, before the five likeliest are taken."""
    features = extract(UmtExtractor(), MediaItem.open(require.media("ltx2.mp4")), small_runtime())
    expected = np.array(PUBLISHED["ltx2.mp4"]["vbench.human_action"]["logits"])
    np.testing.assert_allclose(features["logits"], expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())
