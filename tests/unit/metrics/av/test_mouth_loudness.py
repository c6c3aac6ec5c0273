"""Mouth and loudness: drawn heads whose mouth is driven by the sound, and arithmetic on features that are made up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.base import Features
from avmeter.metrics.av.mouth_loudness import MouthLoudness
from avmeter.metrics.base import FeatureSet
from avmeter.sample import Sample
from golden.drawn_head import drawn_head
from support import require

FPS, RATE, NUM = 25, 16_000, 60
SAMPLE = Sample(id="clip")


def syllables(num: int = NUM + 40, seed: int = 0) -> np.ndarray:
    """Levels (num,) from 0 to 1 with the rhythm of speech."""
    steps = np.random.default_rng(seed).uniform(0, 1, num // 3 + 2)
    return np.interp(np.arange(num) / 3, np.arange(len(steps)), steps)


def speech(late: int) -> np.ndarray:
    """Noise (N,) as loud as mouths are open that many frames before."""
    level = np.repeat(syllables()[20 - late : 20 - late + NUM], RATE // FPS)
    return (0.2 * level * np.random.default_rng(1).standard_normal(len(level))).astype(np.float32)


def test_sound_that_is_shifted_moves_the_offset_of_the_mouth_that_speaks() -> None:
    """Two drawn heads: trained networks follow both, one of which hardly moves its mouth."""
    require.weights("blazeface-short-range", "face-mesh")
    levels = np.round(15 * syllables()[20 : 20 + NUM]) / 15
    heads = {level: drawn_head(level, 128) for level in {*levels, 0.0}}
    frames = np.stack([np.concatenate([heads[0.0], heads[level]], axis=1) for level in levels])
    evaluator = create_evaluator(metrics=["av.mouth_loudness"], device="cpu", store=None)
    shifts = (0, 5, -8)
    samples = [{"video": frames, "fps": FPS, "audio": (speech(late), RATE)} for late in shifts]
    found = [result["av.mouth_loudness"] for result in evaluator.evaluate(samples=samples)]
    assert [result.details["offset_frames"] for result in found] == [0, -5, 8]
    assert [result.details["correlation_at_offset"] > 0.85 for result in found] == [True] * 3
    assert found[0].score == found[0].details["correlation_at_offset"]
    assert max(found[1].score, found[2].score) < 0.4
    details = found[0].details
    assert details["track"]["position"][0] == pytest.approx(0.75, abs=0.02)
    assert details["num_faces"] == 2
    assert details["other_mouths"][0]["movement"] < details["mouth"]["movement"] / 3
    assert details["mouth"]["share_seen"] == 1.0


def features(*mouths: np.ndarray, level: np.ndarray, presence: Any = 9.0, start: int = 0) -> FeatureSet:
    """Faces from one step on, with these openings and levels of the sound."""
    num = len(mouths[0])
    tracks = [
        {"start": start, "num_ticks": num, "num_found": num, "side": 120.0, "position": [0.5, 0.5]} for _ in mouths
    ]
    faces = Features(
        arrays={
            "opening": np.concatenate(mouths),
            "presence": np.tile(np.broadcast_to(presence, num), len(mouths)),
            "track": np.repeat(np.arange(len(mouths)), num),
            "tick": np.tile(np.arange(start, start + num), len(mouths)),
        },
        facts={"tracks": tracks, "num_ticks": start + num, "num_seen": num},
    )
    return FeatureSet({"mouths": faces, "sound": Features(arrays={"level": level})})


def test_score_is_the_correlation_as_the_clip_stands() -> None:
    """Slow changes of both do not count; a face that comes late is compared with its own part of the sound."""
    line = syllables(100)
    slow = np.linspace(0, 2, 100)
    result = MouthLoudness().score(SAMPLE, features(line[20:] + slow[20:], level=line - slow, start=20))
    assert result.score == pytest.approx(1, abs=0.02)
    assert result.details["offset_frames"] == 0
    assert result.details["chance"] == pytest.approx((2 * 5 * 80 / 25) ** -0.5)
    assert MouthLoudness.direction == "higher"


def test_frames_in_which_the_mesh_sees_no_face_are_filled_in() -> None:
    """One in ten, of nonsense."""
    line, presence = syllables(100), np.full(100, 9.0)
    presence[5::10] = -3
    result = MouthLoudness().score(SAMPLE, features(np.where(presence > 0, line, 50), level=line, presence=presence))
    assert result.score is not None
    assert result.score > 0.9
    assert result.details["mouth"]["share_seen"] == 0.9


def test_offset_at_the_end_of_what_is_looked_at_is_flagged() -> None:
    """Sound that is 15 frames late."""
    line = syllables(115)
    details = MouthLoudness().score(SAMPLE, features(line[15:], level=line[:100])).details
    assert details["offset_frames"] == -15
    assert "15 frames or more" in details["out_of_range"]


@pytest.mark.parametrize(
    ("found", "code", "reason", "hint"),
    [
        (features(syllables(80), level=syllables(80), presence=-1.0), SkipCode.NO_FACE, "one in 0% of", "the camera"),
        (features(syllables(80), level=syllables(50)), SkipCode.TOO_SHORT, "2.00 s of sound", "`min_track`"),
        (features(syllables(80), level=np.zeros(80)), SkipCode.SILENT, "no sound from 500 to 4000 Hz", "no sound"),
        (features(np.full(80, 0.3), level=syllables(80)), SkipCode.STILL_PICTURE, "the mouth does not", "motion"),
    ],
)
def test_clip_that_cannot_be_measured_is_a_named_skip(
    found: FeatureSet, code: SkipCode, reason: str, hint: str
) -> None:
    """From the side, with too little sound, silent, and of a still picture."""
    with pytest.raises(SkipError, match=reason) as caught:
        MouthLoudness().score(SAMPLE, found)
    assert caught.value.code == code
    assert hint in caught.value.hint


def test_tracks_too_short_to_have_a_rhythm_are_refused() -> None:
    """Under a second."""
    with pytest.raises(UsageError, match="min_track=24: needs at least 25"):
        MouthLoudness(min_track=24)
