"""The suite over a fake evaluator: what is built, what is asked, how it is put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import support.media as build
from avmeter.errors import MediaError, SkipCode, UsageError
from avmeter.stress.build import build_variant
from avmeter.stress.suite import run_stress
from avmeter.stress.variants import variants_of
from support.stress import FakeEvaluator

RATE = 16_000


@pytest.fixture
def clips(tmp_path: Path) -> list[dict[str, Any]]:
    made = []
    for name, level in (("a", 0.5), ("b", 0.1)):
        path = build.write_media(
            tmp_path / f"{name}.mp4",
            wave=build.tone(440, level, RATE, 0.5),
            sample_rate=RATE,
            audio_codec="flac",
            frames=build.numbered(12),
        )
        made.append({"id": name, "video": str(path), "text_prompt": "a tone"})
    made[0]["reference_text"] = "beep beep"
    return made


def run(clips: list[dict[str, Any]], folder: Path, *names: str, **options: Any) -> tuple[FakeEvaluator, Any]:
    evaluator = FakeEvaluator()
    return evaluator, run_stress(clips, evaluator, folder, variants=variants_of(names), **options)  # type: ignore[arg-type]


def test_table_holds_the_mean_and_every_clip(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """-20 dB of gain is seen as -20 in each clip and in the mean; the results say what was done."""
    _, result = run(clips, tmp_path / "out", "original", "low_volume")
    before, after = result.cells["original", "test.rms"], result.cells["low_volume -20 dB", "test.rms"]
    assert after.score == pytest.approx(before.score - 20, abs=0.02)
    assert set(after.scores) == {"a", "b"}
    assert [row["test.rms"].details["damage"] for row in result.results] == ["untouched"] * 2 + ["-20 dB"] * 2
    assert result.results.sample_ids[2:] == ["a--low_volume_-20", "b--low_volume_-20"]
    assert result.cells["original", "test.count"].corpus


def test_word_errors_are_not_taken_from_a_scene_description(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """A prompt is kept from the word error rate, and from it alone."""
    evaluator, result = run(clips, tmp_path / "out", "original")
    assert result.cells["original", "audio.wer"].scores.keys() == {"a"}
    for metrics, samples in evaluator.seen:
        prompts = {s.text("text_prompt") for s in samples}
        assert prompts == ({None} if metrics == ("audio.wer",) else {"a tone"})


def test_variants_share_what_is_not_damaged_with_the_original(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """What is computed from a picture or a sound is found again; the report shows one file that plays."""
    evaluator, result = run(clips, tmp_path / "out", "reversed", "mirrored")
    reversed_, mirrored = evaluator.seen[0][1][0], evaluator.seen[2][1][0]
    assert str(reversed_.source("video").path) == str(mirrored.source("audio").path) == clips[0]["video"]
    assert str(reversed_.source("audio").path) != clips[0]["video"] != str(mirrored.source("video").path)
    shown = result.results.samples[0]
    assert set(shown.media) == {"video", "reference", "reference_audio"}
    assert str(shown.source("video").path) != clips[0]["video"]


def test_metric_that_reads_nothing_of_the_damage_is_not_computed_again(
    clips: list[dict[str, Any]], tmp_path: Path
) -> None:
    """It has the scores of the original, clip by clip, each with what was done; the others are asked anew."""
    evaluator, result = run(clips, tmp_path / "out", "original", "mirrored")
    asked = [metrics for metrics, _ in evaluator.seen]
    assert asked == [("test.rms", "test.count"), ("audio.wer",), ("test.count",)]
    cell = result.cells["mirrored", "test.rms"]
    assert cell.carried
    assert cell.scores == result.cells["original", "test.rms"].scores
    assert cell.scores.keys() == {"a", "b"}
    assert not result.cells["mirrored", "test.count"].carried
    before, after = (result.results[i]["test.rms"].details for i in (0, 2))
    assert before["damage"] == "untouched"
    assert (after["variant"], after["inputs"]) == ("mirrored", "as of the original")
    assert set(result.results.provenance["metrics"]) == {"test.rms", "audio.wer", "test.count"}


def test_clip_without_the_damage_has_no_score_that_was_carried_over(
    clips: list[dict[str, Any]], tmp_path: Path
) -> None:
    """It is skipped in that variant, whatever the metric reads."""
    _, result = run(clips, tmp_path / "out", "original", "wrong_words")
    cell = result.cells["wrong_words 0.5 share", "test.rms"]
    assert cell.carried
    assert (set(cell.scores), cell.skip.code) == ({"a"}, SkipCode.MISSING_INPUT)
    assert result.cells["wrong_words 0.5 share", "audio.wer"].scores.keys() == {"a"}


def test_clip_that_cannot_be_damaged_is_skipped_in_that_variant_alone(
    clips: list[dict[str, Any]], tmp_path: Path
) -> None:
    """A text is missing in one clip: the other is scored, the count is told."""
    _, result = run(clips, tmp_path / "out", "original", "wrong_words")
    cell = result.cells["wrong_words 0.5 share", "test.rms"]
    assert (len(cell.scores), cell.num_clips, cell.skip.code) == (1, 2, SkipCode.MISSING_INPUT)
    assert result.results[2]["audio.wer"].details["damage"].startswith("a share of 0.5")


def test_unreadable_clip_is_skipped_by_name(clips: list[dict[str, Any]], tmp_path: Path) -> None:
    """Nothing is raised for the set when no clip can take the damage."""
    build.write_pcm_wav(tmp_path / "s.wav", np.zeros(RATE, np.float32), RATE)
    _, result = run([{"id": "s", "audio": str(tmp_path / "s.wav")}], tmp_path / "out", "mirrored")
    assert result.cells["mirrored", "test.rms"].skip.code == SkipCode.NO_VIDEO_TRACK
    assert result.cells["mirrored", "test.count"].score is None
    assert result.scored_metrics == []
    assert set(result.unscored()) == {"test.rms", "audio.wer", "test.count"}


def test_unrelated_sound_comes_from_outside_and_exchanged_from_inside(
    clips: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Exchanged: the levels change places. Unrelated: both have the level of the stranger, or there is none."""
    other = build.write_pcm_wav(tmp_path / "other.wav", build.tone(300, 0.25, RATE, 0.5), RATE)
    _, result = run(clips, tmp_path / "out", "original", "exchanged", "unrelated", unrelated=other)
    plain = result.cells["original", "test.rms"].scores
    swapped = result.cells["exchanged", "test.rms"].scores
    assert (swapped["a"], swapped["b"]) == pytest.approx((plain["b"], plain["a"]), abs=0.05)
    strange = list(result.cells["unrelated", "test.rms"].scores.values())
    assert strange == pytest.approx([20 * np.log10(0.25 / 2**0.5)] * 2, abs=0.1)
    _, alone = run(clips[:1], tmp_path / "alone", "exchanged", "unrelated")
    assert {c.skip.code for c in alone.cells.values()} == {SkipCode.MISSING_INPUT}


def test_arrays_and_empty_sets_are_refused(tmp_path: Path) -> None:
    """The suite damages files."""
    with pytest.raises(UsageError, match="not arrays"):
        run([{"audio": (np.zeros(100, np.float32), RATE)}], tmp_path, "original")
    with pytest.raises(UsageError, match="no clips"):
        run([], tmp_path, "original")


@pytest.mark.parametrize("num_calls", range(12))
def test_suite_that_is_asked_to_stop_has_whole_variants_only(
    clips: list[dict[str, Any]], tmp_path: Path, num_calls: int
) -> None:
    """Wherever it stops: a variant has the scores of an undisturbed run, or no row; the run says that it is partial."""
    names = ("original", "low_volume", "mirrored")
    _, whole = run(clips, tmp_path / "whole", *names)
    answers = iter([False] * num_calls)
    _, found = run(clips, tmp_path / "out", *names, should_stop=lambda: next(answers, True))
    assert (*found.variants, *found.unfinished) == whole.variants
    assert found.cells == {
        key: cell for key, cell in whole.cells.items() if key[0] in {v.label for v in found.variants}
    }
    assert len(found.results) == 2 * len(found.variants)
    assert found.unfinished
    assert found.results.provenance["partial"] is True
    assert found.results.provenance["num_finished"] == len(found.results)
    assert found.results.provenance["notes"] == [f"partial: {len(found.variants)} of 3 variants were finished"]


def test_video_that_is_damaged_when_the_run_is_asked_to_stop_is_given_up(
    clips: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Between frames, so that long clips do not hold up the end of a run."""
    answers = iter([False] * 8)
    (variant,) = variants_of(["mirrored"])
    with pytest.raises(MediaError, match="ended before"):
        build_variant(variant, Path(clips[0]["video"]), tmp_path, should_stop=lambda: next(answers, True))
    assert list(answers) == []
