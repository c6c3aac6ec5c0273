"""What a dict of a sample means, and what is said about a wrong one."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import ManifestError, SkipError
from avmeter.sample import Sample, as_samples
from support.hostile import RAISING, RaisingDict, RaisingText


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


def test_second_take_and_masks_are_media_under_any_of_their_names() -> None:
    """The first name counts where two are given; the others are no extras."""
    sample = Sample.of({"reference_take2": "a.mp4", "take2": "b.mp4", "video_mask": "m.mp4", "reference_mask": None})
    assert sample.source("reference_take2").path == Path("a.mp4")
    assert Sample.of({"real_take2": "c.mp4"}).source("reference_take2").path == Path("c.mp4")
    assert sample.source("video_mask").path == Path("m.mp4")
    assert not sample.has("reference_mask")
    assert sample.extras == {}


def test_audio_track_of_the_video_stands_in_for_audio() -> None:
    """A sample that names only a video file has audio; frames in memory have none."""
    sample = Sample.of({"video": "a.mp4", "reference": "r.mp4"})
    assert sample.source("audio").path == Path("a.mp4")
    assert sample.source("reference_audio").path == Path("r.mp4")
    frames = Sample.of({"video": np.zeros((4, 3, 8, 8), np.uint8), "fps": 25})
    assert frames.source("audio") is None
    assert not frames.has("audio")


@pytest.mark.parametrize(
    ("item", "text"),
    [("a.wav", "not a dict"), (None, "NoneType"), ({"audio": "a.wav", "role": "fake"}, "role is 'fake'")],
)
def test_what_is_no_sample_at_all_is_refused(item: object, text: str) -> None:
    """A string in place of a dict is a mistake of the whole list, not of one sample."""
    with pytest.raises(ManifestError, match=text):
        as_samples([item])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("row", "field", "text"),
    [
        ({"audio": np.zeros(8)}, "audio", r"audio is an array of shape \(8,\) without a rate"),
        ({"audio": 3}, "audio", "audio is a int, not a medium"),
        ({"audio": " "}, "audio", "audio is an empty path"),
        ({"audio": np.array(["x"])}, "audio", "dtype str32, not of numbers"),
        ({"audio": object(), "sample_rate": 8000}, "audio", "dtype object, not of numbers"),
        ({"audio": (np.zeros(8), -1)}, "audio", "sample_rate -1, not a positive number"),
        ({"audio": {"wave": [0.0]}}, "audio", "a dict with the keys wave"),
        ({"audio": {"bytes": None, "path": None}}, "audio", "neither bytes nor a path"),
        ({"video": [np.zeros((4, 4, 3)), np.zeros((4, 5, 3))], "fps": 25}, "video", "frames of shapes"),
        ({"video": "a.mp4", "fps": -1}, "video", "fps is -1, not a positive number"),
        ({"audio": "a.wav", "audio_stream": "loud"}, "audio", "audio_stream is 'loud'"),
        ({"audio": "a.wav", "text_prompt": ["a dog", "barks"]}, "text_prompt", "is a list, not a text"),
        ({"audio": "a.wav", "text_prompt": b"a dog"}, "text_prompt", "is a bytes, not a text"),
        ({"audio": "a.wav", "reference_text": 5}, "reference_text", "is a int, not a text"),
    ],
)
def test_value_that_is_not_understood_is_a_problem_of_its_field(row: dict, field: str, text: str) -> None:
    """Nothing is raised: whoever needs the field skips the sample, and is told why."""
    sample = Sample.of(row)
    assert re.search(text, sample.problem(field).message)
    assert sample.problem(field).hint
    assert sample.has(field)
    assert sample.source(field) is None
    assert sample.text(field) is None


def test_problem_of_a_video_is_one_of_its_audio_too() -> None:
    """The audio track of a video that cannot be read cannot be read either, unless there is other audio."""
    assert Sample.of({"video": 3}).problem("audio") is not None
    both = Sample.of({"video": 3, "audio": "a.wav"})
    assert both.problem("audio") is None
    assert both.source("audio").path == Path("a.wav")
    broken = Sample.of({"video": "a.mp4", "audio": 3})
    assert broken.problem("audio") is not None
    assert broken.source("audio") is None


def test_choice_of_a_track_reaches_both_sides() -> None:
    """Each side has a key of its own; data frames give whole numbers as floats."""
    sample = Sample.of({"video": "a.mkv", "reference": "r.mkv", "audio_stream": 1.0, "reference_audio_stream": "2"})
    assert sample.source("audio").audio_stream == 1
    assert sample.source("reference_audio").audio_stream == 2
    assert sample.extras == {}


def test_label_of_bytes_names_the_sample() -> None:
    """Rows of data sets have a path that is no file, but a name."""
    assert Sample.of({"audio": {"bytes": b"RIFF", "path": "clip_0001.wav"}}, index=5).id == "clip_0001.wav"
    assert Sample.of({"audio": b"RIFF"}, index=5).id == "5"


def test_file_objects_are_read_once() -> None:
    """The sample holds bytes, also for metrics that read the dict itself, and can be sent to other processes."""
    sample = Sample.of({"audio": io.BytesIO(b"RIFF")})
    assert sample.source("audio").data == b"RIFF"
    assert sample.original == {"audio": b"RIFF"}
    assert Sample.of({"audio": lambda: 0, "x": 1}).original == {"x": 1}


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


@pytest.mark.parametrize(
    "value", [10**5000, -1, 1.5, "x", [1], True, np.zeros(3), float("inf"), "9" * 5000, 10**9], ids="abcdefghij"
)
def test_track_that_can_be_none_is_a_problem_of_the_media(value: object) -> None:
    """And no error of the whole list, however large the number is."""
    sample = Sample.of({"audio": "a.wav", "audio_stream": value})
    assert "not a position" in sample.problems["audio"].message
    assert len(sample.problems["audio"].message) < 200


@pytest.mark.parametrize("value", ["1", "1.0", 1, 1.0, np.int64(1)])
def test_track_is_a_position(value: object) -> None:
    """As tables and data frames write it."""
    assert Sample.of({"audio": "a.wav", "audio_stream": value}).media["audio"].audio_stream == 1


@pytest.mark.parametrize("key", ["fps", "sample_rate"])
def test_rate_of_thousands_of_digits_is_a_problem_of_the_media(key: str) -> None:
    """Which its message does not print."""
    assert "thousands of digits" in Sample.of({"audio": np.zeros(9), key: 10**5000}).problems["audio"].message


def test_role_of_thousands_of_digits_is_refused() -> None:
    """In a sentence."""
    with pytest.raises(ManifestError, match="thousands of digits"):
        Sample.of({"audio": "a.wav", "role": 10**5000})


@pytest.mark.parametrize("value", [10**5000, RAISING, RaisingText("clip")], ids=["long", "object", "text"])
def test_id_without_a_text_is_as_none(value: object, caplog: pytest.LogCaptureFixture) -> None:
    """Said in a warning: it ended the run, with all that the other samples have."""
    samples = as_samples([{"audio": "a.wav"}, {"audio": (np.zeros(9), 8000), "id": value}])
    assert [sample.id for sample in samples] == ["a.wav", "1"]
    assert "id" not in samples[1].original
    assert "sample 1: its id is " in caplog.text


def test_values_that_raise_cost_their_own_field() -> None:
    """Rates, tracks, texts, names of columns and values of them; the rest of the sample is read."""
    for key in ("fps", "sample_rate", "audio_stream", "language", "reference_text"):
        assert Sample.of({"audio": "a.wav", "video": "v.mp4", key: RAISING}).problems, key
    assert Sample.of({"text_prompt": RaisingText("words")}).texts == {"text_prompt": "words"}
    assert Sample.of({"reference_text": [RAISING]}).problems
    sample = Sample.of({"audio": "a.wav", RAISING: 1, 5: 2, "speaker": RAISING})  # type: ignore[dict-item]
    assert sample.media.keys() == {"audio"}
    assert {"5", "speaker"} < sample.extras.keys()


def test_dict_that_raises_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Among others it keeps its place, unread."""
    good, bad = as_samples([{"audio": "a.wav"}, RaisingDict(audio="b.wav")])
    assert good.source("audio") is not None
    problem = bad.problem("audio")
    assert problem is not None
    assert "cannot be read" in problem.message
    assert "sample 1 cannot be read: a RaisingDict that fails" in caplog.text


def test_value_that_is_no_json_is_a_skip_of_who_reads_it() -> None:
    """One that contains itself, or raises."""
    looped: dict[str, object] = {}
    looped["self"] = looped
    for value in (looped, [RAISING]):
        with pytest.raises(SkipError, match="cannot be written as JSON"):
            Sample.of({"auxiliary_info": value}).described("auxiliary_info")


def test_item_that_is_no_dict_among_dicts_costs_itself_alone() -> None:
    """A generation that failed leaves None in a list: it keeps its place and has no readable field."""
    good, bad = as_samples([{"audio": "a.wav"}, None])
    assert good.source("audio") is not None
    assert (bad.id, bad.source("audio")) == ("1", None)
    problem = bad.problem("audio")
    assert problem is not None
    assert "None, not a dict" in problem.message
