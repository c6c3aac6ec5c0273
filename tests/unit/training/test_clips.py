"""The worst clips as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.evaluator import Evaluator
from avmeter.media import describe_file
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.sample import Sample
from avmeter.training.clips import WorstClip, worst_clips, write_clip_file
from avmeter.training.trackers import ClipFile, ClipKind
from support.levels import samples_of
from support.media import flash, tone, write_media

BOTH = (ClipKind.AUDIO, ClipKind.VIDEO)
CLIP = WorstClip(name="m/worst/0", caption="c", position=0)


def results_of(direction: str, *scores: float | None) -> EvalResults:
    rows = [{"m": MetricResult("m", score)} for score in scores]
    samples = [Sample.of({"text_prompt": f"prompt {i}"}, index=i) for i in range(len(scores))]
    return EvalResults(rows, samples=samples, provenance={"metrics": {"m": {"direction": direction}}})


@pytest.mark.parametrize(("direction", "positions"), [("higher", [2, 0]), ("lower", [3, 0]), ("none", [])])
def test_worst_is_by_the_metric_s_direction(direction: str, positions: list[int]) -> None:
    """Clips without a score are none, and where neither end is better nothing is worst."""
    found = worst_clips(results_of(direction, 0.5, None, 0.1, 0.9), 2)
    assert [clip.position for clip in found] == positions
    assert [clip.name for clip in found] == [f"m/worst/{i}" for i in range(len(positions))]


def test_caption_has_id_score_and_prompt() -> None:
    """What one wants to know while listening."""
    assert worst_clips(results_of("higher", 0.25), 1)[0].caption == "0 · m 0.25 · prompt 0"


def written(row: dict, folder: Path, kinds=BOTH) -> ClipFile | str:
    return write_clip_file(CLIP, Sample.of(row), folder, kinds=kinds, prefix="val/")


def test_sound_in_memory_becomes_a_wav(tmp_path: Path) -> None:
    """bfloat16, as a model gives it."""
    found = written({"audio": (torch.from_numpy(tone(440, 0.5, 16_000, 0.5)).bfloat16(), 16_000)}, tmp_path)
    assert isinstance(found, ClipFile)
    assert (found.name, found.kind, found.path.suffix) == ("val/m/worst/0", ClipKind.AUDIO, ".wav")


def test_frames_in_memory_become_a_video_with_their_sound(tmp_path: Path) -> None:
    """Of any size: H.264 takes even ones."""
    frames = torch.zeros(8, 3, 33, 65)
    found = written({"video": frames, "fps": 8, "audio": (torch.rand(16_000) * 0.1, 16_000)}, tmp_path)
    assert isinstance(found, ClipFile)
    assert found.kind is ClipKind.VIDEO
    text = str(describe_file(found.path))
    assert "64x32" in text or "32" in text
    assert "flac" in text


def test_file_that_browsers_play_is_taken_as_it_is(tmp_path: Path) -> None:
    """Where the tracker shows video; else its sound is written."""
    path = write_media(
        tmp_path / "a.mp4", wave=tone(440, 0.3, 16_000, 0.5), sample_rate=16_000, frames=flash(0.2, 8, 0.5), fps=8
    )
    found = written({"video": path}, tmp_path)
    assert isinstance(found, ClipFile)
    assert found.path == path
    sound = written({"video": path}, tmp_path, kinds=(ClipKind.AUDIO,))
    assert isinstance(sound, ClipFile)
    assert sound.path.suffix == ".wav"


def test_what_cannot_be_shown_is_said(tmp_path: Path) -> None:
    """A clip of another rank has no media here; a file may be gone."""
    assert written({"text_prompt": "x"}, tmp_path) == "0: there is nothing of it here that could be shown"
    gone = written({"audio": tmp_path / "gone.wav"}, tmp_path)
    assert isinstance(gone, str)
    assert "gone.wav" in gone


@pytest.mark.usefixtures("level_metrics")
def test_results_of_an_evaluator_know_their_direction() -> None:
    """The quietest of three is the worst of a level."""
    results = Evaluator(["user.level"], "cpu").evaluate(samples_of(0.3, 0.1, 0.2))
    assert [clip.position for clip in worst_clips(results, 1)] == [1]
    assert np.isclose(results[1]["user.level"].score, 0.1)
