"""Lip sync of embeddings that are constructed: arithmetic, and a face and a sound that follow one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter import create_evaluator
from avmeter.errors import SkipCode, SkipError, UnknownNameError, UsageError
from avmeter.features.base import Features
from avmeter.metrics.av.lip_sync import LipSync
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.lip_sync_metric import PROGRAMS
from avmeter.sample import Sample
from support.lip_sync import FACE, FPS, RATE, put_level_networks, talking
from support.media import write_media

SAMPLE = Sample(id="clip")
OPTIONS = {"detector": "blazeface", "min_track": 40, "min_face_size": 20}
OTHER = (0, 24, 30, 56)


def evaluator(*faces: tuple[int, int, int, int], store: Path | None = None, **options: Any) -> Any:
    made = create_evaluator(
        metrics=["av.lip_sync", "av.lip_sync_distance"],
        options={name: {**OPTIONS, **options} for name in ("av.lip_sync", "av.lip_sync_distance")},
        weights="dummy",
        device="cpu",
        store=store,
    )
    put_level_networks(made._computer.runtime, *faces)
    return made


@pytest.mark.parametrize("early", [-4, 0, 3])
def test_shifted_sound_moves_the_offset_by_as_many_frames(early: int) -> None:
    """Through the engine: decoding twice, tracking, cutting out, cepstra and distances."""
    frames, wave = talking(early)
    found = evaluator(FACE).evaluate(video=frames, fps=FPS, audio=(wave, RATE))
    details = found["av.lip_sync"].details
    assert details["offset_frames"] == early
    assert details["offset_s"] == pytest.approx(early / 25)
    assert found["av.lip_sync"].score == details["lse_c"] > 0.5
    assert found["av.lip_sync_distance"].score == details["lse_d"] < 0.5
    assert details["track"] == {
        "start_s": 0.0, "duration_s": 2.4, "share_found": 1.0, "side_px": 32.0, "position": [0.5, 0.417]
    }  # fmt: skip
    assert (details["share_of_frames_with_face"], details["detector"]) == (1.0, "blazeface")


def test_of_two_faces_the_one_that_speaks_counts(tmp_path: Path) -> None:
    """In a file of 50 frames a second, where every other one is seen; the other face is named beside it."""
    frames, wave = talking(2, second=True)
    path = write_media(tmp_path / "two.mp4", frames=frames.repeat(2, axis=0), fps=50, wave=wave, sample_rate=RATE)
    details = evaluator(OTHER, FACE, store=tmp_path / "store").evaluate(video=path)["av.lip_sync"].details
    assert details["offset_frames"] == 2
    assert details["track"]["position"][0] == 0.5
    assert details["num_faces"] == 2
    assert details["other_faces"][0]["lse_c"] < details["lse_c"] / 2
    again = evaluator(OTHER, FACE, store=tmp_path / "store", min_track=30)
    assert again.evaluate(video=path)["av.lip_sync"].details == details
    assert again._computer.counts.computed == {"syncnet_faces": 1}  # boxes and sound come from the store


def test_mean_of_all_faces_counts_where_latentsync_is_to_be_met() -> None:
    """With the offset cut off; a face may be half as long, unless it is said."""
    frames, wave = talking(2, second=True)
    found = evaluator(OTHER, FACE, program="latentsync").evaluate(video=frames, fps=FPS, audio=(wave, RATE))
    alone = [
        evaluator(face).evaluate(video=frames, fps=FPS, audio=(wave, RATE))["av.lip_sync"].details
        for face in (OTHER, FACE)
    ]
    details = found["av.lip_sync"].details
    assert found["av.lip_sync"].score == pytest.approx(np.mean([one["lse_c"] for one in alone]))
    assert found["av.lip_sync_distance"].score == pytest.approx(np.mean([one["lse_d"] for one in alone]))
    assert details["offset_frames"] == int(np.mean([one["offset_frames"] for one in alone]))
    assert (details["program"], details["note"]) == ("latentsync", "2 faces: the mean of all counts")
    assert [LipSync(program=program).min_track for program in PROGRAMS] == [100, 50]
    assert LipSync(program="latentsync", min_track=80).min_track == 80


def test_clip_without_a_face_is_skipped() -> None:
    """The reason names the detector."""
    frames, wave = talking(0)
    skip = evaluator().evaluate(video=frames, fps=FPS, audio=(wave, RATE))["av.lip_sync"].skip
    assert (skip.code, skip.reason.endswith("no face in 60 frames (blazeface)")) == (SkipCode.NO_FACE, True)


def test_clip_that_is_too_short_is_skipped_before_a_face_is_looked_for() -> None:
    """Finding faces is what takes time; a metric that needs less of them has its score."""
    frames, wave = talking(0)
    made = evaluator(FACE, min_track=60)
    skip = made.evaluate(video=frames, fps=FPS, audio=(wave, RATE))["av.lip_sync"].skip
    assert (skip.code, "2.40 s; a face must be seen for more than 2.40 s" in skip.reason) == (SkipCode.TOO_SHORT, True)
    assert "faces_blazeface" not in made._computer.counts.computed
    options = {name: {**OPTIONS, "min_track": n} for name, n in (("av.lip_sync", 60), ("av.lip_sync_distance", 40))}
    both = create_evaluator(metrics=list(options), options=options, weights="dummy", device="cpu", store=None)
    put_level_networks(both._computer.runtime, FACE)
    found = both.evaluate(video=frames, fps=FPS, audio=(wave, RATE))
    assert found["av.lip_sync"].skip == skip
    assert found["av.lip_sync_distance"].score is not None


def features(num_faces: int, num_sound: int) -> FeatureSet:
    track = {"start": 2, "num_ticks": num_faces, "num_found": num_faces, "side": 120.0, "position": [0.5, 0.5]}
    faces = Features(
        arrays={
            "embedding": np.zeros((num_faces - 4, 3), np.float32),
            "track": np.zeros(num_faces - 4, np.int64),
            "tick": np.arange(num_faces - 4),
        },
        facts={"tracks": [track], "num_ticks": num_faces, "num_seen": num_faces},
    )
    sound = Features(
        arrays={"embedding": np.ones((max(num_sound - 5, 0), 3), np.float32)}, facts={"num_ticks": num_sound}
    )
    return FeatureSet({"faces": faces, "sound": sound})


def test_only_what_has_sound_is_compared() -> None:
    """A face of which six frames have sound has one embedding that counts; of five it has none."""
    assert LipSync().score(SAMPLE, features(30, 8)).score is not None
    with pytest.raises(SkipError, match="more than 5 frames have sound") as caught:
        LipSync().score(SAMPLE, features(30, 7))
    assert caught.value.code == SkipCode.TOO_SHORT


def test_offset_at_the_end_of_what_is_looked_at_is_flagged() -> None:
    """Sound and faces of constant embeddings fit best where most of the sound is beyond its end."""
    assert "15 frames or more" in LipSync().score(SAMPLE, features(60, 60)).details["out_of_range"]


def test_options_that_make_no_sense_are_refused() -> None:
    """An unknown detector or program, and tracks so short that the median of their boxes is 0."""
    with pytest.raises(UnknownNameError, match="unknown detector `mtcnn`"):
        LipSync(detector="mtcnn")
    with pytest.raises(UnknownNameError, match="unknown program `wav2lip`"):
        LipSync(program="wav2lip")
    with pytest.raises(UsageError, match="min_track=5: needs at least 6"):
        LipSync(min_track=5)
