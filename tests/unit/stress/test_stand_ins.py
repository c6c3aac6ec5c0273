"""What stands in for a clip, and in what it differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import support.media as build
from avmeter.media import AudioSpec, MediaLimits, open_media
from avmeter.sample import Sample, as_samples
from avmeter.stress.anchors import ANCHORS
from avmeter.stress.stand_ins import changed_fields, make_stand_ins

RATE = 16_000


@pytest.fixture
def clips(tmp_path: Path) -> list[Sample]:
    made = []
    for name in "ab":
        sound = build.write_pcm_wav(tmp_path / f"{name}.wav", build.tone(440, 0.5, RATE, 0.5), RATE)
        made.append({"id": name, "audio": str(sound), "video": "v.mp4", "reference_audio": str(sound)})
    return as_samples(made)


def made(anchor: str, clips: list[Sample], folder: Path) -> list[Sample | None]:
    return make_stand_ins(anchor, clips, folder, seed=0, limits=MediaLimits())


@pytest.mark.parametrize("anchor", ANCHORS)
def test_sound_alone_is_another(clips: list[Sample], tmp_path: Path, anchor: str) -> None:
    """Video, reference and id are those of the clip."""
    stand_ins = made(anchor, clips, tmp_path)
    assert changed_fields(clips, stand_ins) == {"audio"}
    assert [s.id for s in stand_ins if s is not None] == ["a", "b"]


def test_arrays_are_compared_by_what_they_are_and_not_by_value(tmp_path: Path) -> None:
    """A sound in memory is that of its clip."""
    clips = as_samples([{"id": n, "audio": (np.zeros(RATE, np.float32), RATE), "video": "v.mp4"} for n in "ab"])
    assert changed_fields(clips, clips) == frozenset()
    assert changed_fields(clips, made("shuffled", clips, tmp_path)) == {"audio"}


def test_clip_that_cannot_be_opened_has_no_noise(clips: list[Sample], tmp_path: Path) -> None:
    """The others have; what is not there changes nothing."""
    gone = as_samples([{"id": "gone", "audio": str(tmp_path / "gone.wav")}])
    assert made("noise", gone, tmp_path) == [None]
    assert changed_fields(gone, [None]) == frozenset()


def test_noise_has_the_level_and_length_of_its_clip(clips: list[Sample], tmp_path: Path) -> None:
    """And silence its length."""
    for anchor, level in (("noise", 0.5 / 2**0.5), ("silence", 0.0)):
        stand_in = made(anchor, clips, tmp_path)[0]
        assert stand_in is not None
        with open_media(stand_in.media["audio"]) as item:
            wave = np.asarray(item.audio(AudioSpec(sample_rate=None))[:])
        assert (len(wave), float(np.sqrt(np.mean(wave**2)))) == (RATE // 2, pytest.approx(level, abs=0.01))
