"""Floors and ceilings over a fake evaluator, whose answers can be worked out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import support.media as build
from avmeter.errors import UsageError
from avmeter.stress.anchors import ANCHORS, AnchorsResult, run_anchors
from support.stress import FakeEvaluator, FramesEvaluator

RATE = 16_000
LEVELS = (0.5, 0.4, 0.3, 0.2)


def level_db(amplitude: float) -> float:
    return 20 * float(np.log10(amplitude / 2**0.5))


@pytest.fixture
def clips(tmp_path: Path) -> list[dict[str, Any]]:
    made = []
    for i, level in enumerate(LEVELS):
        mine = build.write_pcm_wav(tmp_path / f"{i}.wav", build.tone(440, level, RATE, 0.5), RATE)
        real = build.write_pcm_wav(tmp_path / f"{i}-real.wav", build.tone(440, 2 * level * 0.9, RATE, 0.5), RATE)
        made.append({"id": str(i), "audio": str(mine), "reference_audio": str(real), "reference_text": "x" * i})
    return made


def run(clips: list[dict[str, Any]], folder: Path, **options: Any) -> tuple[FakeEvaluator, AnchorsResult]:
    evaluator = FramesEvaluator()
    return evaluator, run_anchors(clips, evaluator, folder, **options)  # type: ignore[arg-type]


def test_each_anchor_scores_what_it_is(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """The truth has the level of the references, noise that of the clips, silence none."""
    _, result = run(clips, tmp_path / "out", metrics=["test.rms"])
    own = np.mean([level_db(a) for a in LEVELS])
    assert result.clip_scores["test.rms"] == pytest.approx(own, abs=0.05)
    assert result.anchors["truth", "test.rms"].score == pytest.approx(own + 20 * np.log10(1.8), abs=0.05)
    assert result.anchors["noise", "test.rms"].score == pytest.approx(own, abs=0.2)
    assert result.anchors["silence", "test.rms"].score == pytest.approx(-120, abs=0.1)
    assert result.anchors["shuffled", "test.rms"].score == pytest.approx(own, abs=0.05)


def test_gap_is_signed_by_direction_and_in_standard_errors(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """Mean difference over its standard error, above 0 where the clips are better."""
    _, result = run(clips, tmp_path / "out", metrics=["test.rms"])
    silence = result.anchors["silence", "test.rms"]
    differences = np.array([level_db(a) + 120 for a in LEVELS])
    assert silence.gap == pytest.approx(differences.mean(), abs=0.1)
    expected = differences.mean() / (differences.std(ddof=1) / 2)
    assert silence.standard_errors == pytest.approx(expected, rel=0.01)
    truth = result.anchors["truth", "test.rms"]
    assert truth.gap is not None
    assert truth.gap < 0


def test_shuffled_gives_every_clip_the_sound_of_another(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """None keeps its own, each is used once, and texts and references stay where they were."""
    evaluator, _ = run(clips, tmp_path / "out", metrics=["test.rms"], seed=5)
    samples = evaluator.seen[1 + list(ANCHORS).index("shuffled")][1]
    given = [str(s.source("audio").path) for s in samples]  # type: ignore[union-attr]
    own = [c["audio"] for c in clips]
    assert sorted(given) == sorted(own)
    assert all(a != b for a, b in zip(given, own, strict=True))
    assert [str(s.source("reference_audio").path) for s in samples] == [c["reference_audio"] for c in clips]  # type: ignore[union-attr]


def test_one_clip_without_reference_has_neither_truth_nor_pairs(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """What cannot be measured has no score, and a single clip no standard error."""
    clip = {k: v for k, v in clips[0].items() if k != "reference_audio"}
    _, result = run([clip], tmp_path / "out", metrics=["test.rms"])
    assert result.anchors["truth", "test.rms"].score is None
    assert result.anchors["shuffled", "test.rms"].score is None
    assert result.anchors["noise", "test.rms"].standard_errors is None


def test_corpus_metric_has_a_score_and_no_standard_error(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """One number for the set has no spread over clips."""
    _, result = run(clips, tmp_path / "out", metrics=["test.count"])
    noise = result.anchors["noise", "test.count"]
    assert (noise.score, noise.gap, noise.standard_errors) == (4.0, 0.0, None)


def test_table_has_a_row_for_each_metric(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """Metric, clips, and a column for each anchor."""
    _, result = run(clips, tmp_path / "out", metrics=["test.rms"])
    header, rows = result.table()
    assert header == ["metric", "clips", *ANCHORS]
    assert rows[0][0] == "test.rms ↑"
    assert "SE)" in str(rows[0][-1])


def test_results_at_hand_are_not_measured_again(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """`given=` saves the run over the clips themselves."""
    evaluator = FakeEvaluator()
    own = evaluator.evaluate(samples=[], metrics=[])
    evaluator.seen.clear()
    run_anchors(clips, evaluator, tmp_path, metrics=["test.rms"], clip_results=own)  # type: ignore[arg-type]
    assert len(evaluator.seen) == len(ANCHORS)


def test_no_clips_is_a_usage_error(tmp_path: Path) -> None:
    """Nothing to compare with."""
    with pytest.raises(UsageError, match="no clips"):
        run([], tmp_path)


def filmed(clips: list[dict[str, Any]], **more: str) -> list[dict[str, Any]]:
    return [{**clip, "video": f"{'x' * i}.mp4", **more} for i, clip in enumerate(clips)]


def scored_anchors(evaluator: FakeEvaluator, metric: str) -> int:
    """Count the anchors that a metric was computed for."""
    return sum(metric in names for names, _ in evaluator.seen[1:])


@pytest.mark.parametrize("metric", ["test.frames", "test.frames_count"])
def test_metric_of_frames_alone_has_the_scores_of_the_clips_where_the_sound_changes(
    clips: list[dict[str, Any]], tmp_path: Path, metric: str
) -> None:
    """Nothing is computed, the number is that of the clips, and the table says so."""
    evaluator, result = run(filmed(clips), tmp_path / "out", metrics=["test.rms", metric])
    for anchor in ANCHORS:
        found = result.anchors[anchor, metric]
        assert (found.carried, found.score, found.gap) == (True, result.clip_scores[metric], 0.0)
        assert not result.anchors[anchor, "test.rms"].carried
    assert scored_anchors(evaluator, metric) == 0
    assert scored_anchors(evaluator, "test.rms") == len(ANCHORS)
    assert result.table()[1][1][2:] == ["="] * len(ANCHORS)


def test_truth_with_a_video_of_its_own_is_measured(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """Its frames are others."""
    evaluator, result = run(filmed(clips, reference="real-take.mp4"), tmp_path / "out", metrics=["test.frames"])
    assert result.anchors["truth", "test.frames"].score == len("real-take.mp4")
    assert [a for a in ANCHORS if result.anchors[a, "test.frames"].carried] == ["shuffled", "noise", "silence"]
    assert scored_anchors(evaluator, "test.frames") == 1


def test_metric_of_a_set_is_measured_where_a_clip_has_no_stand_in(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """The set is another then; single clips keep their scores."""
    some = filmed(clips)
    del some[0]["reference_audio"]
    _, result = run(some, tmp_path / "out", metrics=["test.frames", "test.frames_count"])
    assert result.anchors["truth", "test.frames_count"].score == 3
    truth = result.anchors["truth", "test.frames"]
    assert (truth.carried, truth.num_scored, truth.score) == (True, 3, np.mean([len(c["video"]) for c in some[1:]]))


def test_nothing_is_carried_over_to_an_anchor_without_clips(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """One clip has no other to exchange its sound with."""
    _, result = run(filmed(clips[:1]), tmp_path / "out", metrics=["test.frames", "test.frames_count"])
    for metric in ("test.frames", "test.frames_count"):
        assert result.anchors["shuffled", metric].score is None
