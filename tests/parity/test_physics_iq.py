"""Physics-IQ against FastVideo's program; see golden/physics_iq/README.md."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from avmeter import Evaluator
from avmeter.media import MediaItem
from golden.scenes import damaged, scene
from support import require
from support.paths import GOLDEN

require.package("cv2")
PUBLISHED = json.loads((GOLDEN / "physics_iq" / "physics_iq.json").read_text())
CASES = PUBLISHED["cases"]
NUM, FPS = 36, 10
TAKES = {
    "video": scene(NUM, late=3, grain=9),
    "reference": scene(NUM, grain=4),
    "reference_take2": scene(NUM, late=1, drift=2, grain=5),
}
OTHER_SIZE = {**TAKES, "video": scene(NUM, height=90, width=122, late=3)}
CLIP = {"target_fps": FPS, "duration_seconds": 3, "sizes": "any"}
OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "exact_masks": {"roundtrip_generated_masks": False},
    "last": {"video_time_selection": "last"},
    "coarse": {"threshold": 25, "alpha": 0.15},
}
# Sums in another order; values of frames are rounded and equal.
TOLERANCE = 1e-12


def scored(sample: dict[str, Any], fps: float, **options: Any):
    evaluator = Evaluator("physics_iq.score", "cpu", options={"physics_iq.score": options}, loader_processes=0)
    (row,) = results = evaluator.evaluate(samples=[{**sample, "fps": fps}])
    return row["physics_iq.score"], results.corpus["physics_iq.score"]


def check(found, published: dict[str, Any]) -> None:
    """Compare the score and every detail."""
    assert found.score == published["score"]
    for name in published.keys() - {"score"}:
        assert found.details[name] == pytest.approx(published[name], rel=0, abs=TOLERANCE), name


@pytest.mark.parametrize("case", OPTIONS)
def test_score_and_details_are_the_published_ones(case: str) -> None:
    """With and without the round trip of masks, of the end of a clip, and with other thresholds."""
    found, corpus = scored(TAKES, FPS, **{**CLIP, **OPTIONS[case]})
    check(found, CASES[case])
    assert corpus.score == found.score


def test_clips_of_another_size_have_the_published_score_where_they_are_admitted() -> None:
    """Scaled to a quarter of the reference, as published."""
    check(scored(OTHER_SIZE, FPS, **CLIP)[0], CASES["other_size"])


def test_score_of_a_set_is_pooled_over_frames_as_published() -> None:
    """Of three clips whose options differ, so that parts of three runs are merged."""
    metric = Evaluator("physics_iq.score", "cpu").metrics["physics_iq.score"]
    state = metric.start()
    for sample, options in ((TAKES, {}), (TAKES, OPTIONS["coarse"]), (OTHER_SIZE, {})):
        evaluator = Evaluator("physics_iq.score", "cpu", options={"physics_iq.score": {**CLIP, **options}})
        part = evaluator.evaluate_part([{**sample, "fps": FPS}])
        state = metric.merge(state, part.states["physics_iq.score"].state)
    assert metric.finish(state).score == PUBLISHED["set"]


@pytest.fixture(scope="module")
def real() -> np.ndarray:
    with MediaItem.open(require.media("ltx2.mp4")) as item:
        return np.concatenate(list(item.frame_groups(range(48), 1, planar=False)))


@pytest.mark.parametrize("name", ["shifted", "noisy", "backwards", "late"])
def test_real_clip_and_its_damages_have_the_published_scores(real: np.ndarray, name: str) -> None:
    """832x480, two seconds."""
    changed = damaged(real)
    sample = {"video": changed[name], "reference": real, "reference_take2": changed["late"]}
    check(scored(sample, 24, target_fps=24, duration_seconds=2)[0], CASES[f"ltx2_{name}"])
