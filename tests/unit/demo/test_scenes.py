"""Rendered clips: what is seen is heard at the same time, speech leaves room to be moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avmeter.demo import scenes
from avmeter.media import AudioSpec, MediaItem
from support.speech import needs_speech


def heard(path: Path) -> np.ndarray:
    with MediaItem.open(path) as item:
        return np.asarray(item.audio(AudioSpec(sample_rate=scenes.SAMPLE_RATE, clock="video"))[:])


@needs_speech
def test_clips_are_whole_and_deterministic(tmp_path: Path) -> None:
    """Four clips of one length with sound and picture; rendered twice they sound the same."""
    samples = scenes.render_clips(tmp_path / "a")
    again = scenes.render_clips(tmp_path / "b")
    assert [s["id"] for s in samples] == ["speech-en", "speech-es", "bouncing-ball", "melody"]
    for sample, other in zip(samples, again, strict=True):
        np.testing.assert_array_equal(heard(Path(sample["video"])), heard(Path(other["video"])))
        with MediaItem.open(sample["video"]) as item:
            assert len(item.frame_times) == round(scenes.DURATION_S * scenes.FPS)
    assert [bool(s.get("reference_text")) for s in samples] == [True, True, False, False]


@needs_speech
def test_speech_can_be_moved_by_a_second_without_losing_a_word(tmp_path: Path) -> None:
    """A second of silence lies before and behind what is said, so that a shift alone changes no word."""
    for sample in scenes.render_clips(tmp_path)[:2]:
        loud = np.flatnonzero(np.abs(heard(Path(sample["video"]))) > 0.01) / scenes.SAMPLE_RATE
        assert loud[0] > 1.0
        assert loud[-1] < scenes.DURATION_S - 1.0


def test_ball_is_heard_when_it_hits_the_floor() -> None:
    """The lowest point of the ball and the thud fall together."""
    impacts = scenes._impact_times()
    wave = scenes._thuds(impacts)
    lowest = []
    for frame in scenes._bouncing(impacts):
        rows, _ = np.nonzero((frame == (230, 60, 40)).all(axis=2))
        lowest.append(rows.max())
    for impact in impacts:
        start = round(impact * scenes.SAMPLE_RATE)
        assert np.abs(wave[start : start + 240]).max() > 0.15
        frame = int(impact * scenes.FPS + 0.5)
        assert max(lowest[frame - 1 : frame + 2]) >= max(lowest) - 8
