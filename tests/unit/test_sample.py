"""What a dict of a sample means, and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avmeter.errors import ManifestError
from avmeter.sample import Sample, Video, as_samples, as_video


def test_keys_of_the_contract_are_understood() -> None:
    """Media, texts, hints and extras each find their place."""
    sample = Sample.of(
        {
            "video_path": "a.mp4",
            "reference": Path("r.mp4"),
            "text_prompt": "x",
            "fps": "25",
            "scenario": 3,
            "audio": None,
        }
    )
    assert sample.id == "a.mp4"
    assert sample.source("video").path == Path("a.mp4")
    assert sample.text("text_prompt") == "x"
    assert sample.fps == 25.0
    assert sample.extras == {"scenario": 3}
    assert sample.has("scenario")


def test_sound_track_of_the_picture_stands_in_for_sound() -> None:
    """A sample that names only a video file has audio; frames in memory have none."""
    sample = Sample.of({"video": "a.mp4", "reference": "r.mp4"})
    assert sample.source("audio").path == Path("a.mp4")
    assert sample.source("reference_audio").path == Path("r.mp4")
    frames = Sample.of({"video": np.zeros((4, 3, 8, 8), np.uint8), "fps": 25})
    assert frames.source("audio") is None
    assert not frames.has("audio")


@pytest.mark.parametrize(
    "given",
    [
        {"audio": (np.zeros(8), 8000)},
        {"audio": np.zeros(8), "sample_rate": 8000},
        {"audio": torch.zeros(8), "sample_rate": "8000"},
        {"audio": [0.0] * 8, "sample_rate": 8000},
        {"audio": {"array": np.zeros(8), "sampling_rate": 8000}},
    ],
)
def test_sound_in_memory_with_its_rate(given: dict) -> None:
    """Arrays, tensors, lists and rows of data sets."""
    source = Sample.of(given).source("audio")
    assert (source.samples.shape, source.sample_rate) == ((8,), 8000)


def test_video_handles_are_accepted() -> None:
    """Paths and frames, with sound."""
    assert Sample.of({"video": as_video("a.mp4")}).source("audio").path == Path("a.mp4")
    handle = Video(frames=np.zeros((2, 3, 4, 4)), fps=10, audio=np.zeros(8), audio_sr=8000)
    source = Sample.of({"video": handle}).source("audio")
    assert (source.sample_rate, source.fps) == (8000, 10)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("a.wav", "not a dict"),
        ({"audio": np.zeros(8)}, "without a rate"),
        ({"audio": 3}, "neither a path nor an array"),
        ({"audio": " "}, "empty path"),
        ({"audio": "a.wav", "text_prompt": ["a dog", "barks"]}, "text_prompt is a list, not a text"),
        ({"audio": "a.wav", "text_prompt": b"a dog"}, "text_prompt is a bytes, not a text"),
        ({"audio": "a.wav", "reference_text": 5}, "reference_text is a int, not a text"),
        ({"audio": "a.wav", "fps": -1}, "not a positive number"),
        ({"audio": "a.wav", "role": "fake"}, "role is 'fake'"),
        ({"audio": np.array(["x"])}, "neither a path nor an array"),
    ],
)
def test_wrong_samples_are_refused(given: object, text: str) -> None:
    """One sentence each."""
    with pytest.raises(ManifestError, match=text):
        as_samples([given])  # type: ignore[list-item]


def test_ids_are_unique() -> None:
    """A stated id may not repeat; the same path twice gets a number."""
    with pytest.raises(ManifestError, match="id `x` is used by samples 0 and 1"):
        as_samples([{"id": "x", "audio": "a.wav"}, {"id": "x", "audio": "b.wav"}])
    names = [s.id for s in as_samples([{"id": "a.wav#2", "audio": "b"}, {"audio": "a.wav"}, {"audio": "a.wav"}])]
    assert len(set(names)) == 3


@pytest.mark.parametrize("nothing", [None, float("nan"), np.float64("nan"), np.datetime64("NaT")])
def test_what_data_frames_put_where_nothing_is_is_absent(nothing: object) -> None:
    """A row of a data frame has NaN for a missing prompt: that is no prompt, not the word "nan"."""
    sample = as_samples([{"audio": "a.wav", "text_prompt": nothing, "video": nothing}])[0]
    assert not sample.has("text_prompt")
    assert not sample.has("video")
