"""Samples from folders by FastVideo's rules."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import pytest

from avmeter.errors import ManifestError
from avmeter.fastvideo.io.inputs import samples_from
from avmeter.sample import Video


def names(samples: list[dict[str, object]], key: str) -> list[str]:
    return [Path(str(getattr(s[key], "source", s[key]))).name for s in samples if key in s]


def test_folders_pair_by_name_in_the_order_of_the_alphabet(clips: Path) -> None:
    """Without a warning; values are handles."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        samples = samples_from(video=clips / "gen", reference=clips / "ref", fps=8.0)
    assert names(samples, "video") == names(samples, "reference") == ["clip_10.mp4", "clip_2.mp4"]
    assert isinstance(samples[0]["video"], Video)
    assert samples[0]["fps"] == 8.0
    assert "id" not in samples[0]


def test_values_of_a_list_go_to_the_files_in_that_order(clips: Path) -> None:
    """Prompts, extras and information, one each; other numbers are refused."""
    samples = samples_from(video=clips / "gen", text_prompts=["ten", "two"], extras=[{"take": 10}, {"take": 2}])
    assert [(s["text_prompt"], s["take"]) for s in samples] == [("ten", 10), ("two", 2)]
    with pytest.raises(ManifestError, match="text_prompt has 3 values for 2"):
        samples_from(video=clips / "gen", text_prompts=["a", "b", "c"])


def test_other_names_in_the_same_number_pair_in_order_with_a_warning(clips: Path) -> None:
    """The first pairs are in it."""
    for number in (2, 10):
        (clips / "ref" / f"clip_{number}.mp4").rename(clips / "ref" / f"take_{number}.mp4")
    with pytest.warns(UserWarning, match=r"in alphabetical order \(clip_10\.mp4 with take_10\.mp4") as caught:
        samples = samples_from(video=clips / "gen", reference=clips / "ref")
    assert [w.filename for w in caught] == [__file__]
    assert names(samples, "reference") == ["take_10.mp4", "take_2.mp4"]


def test_more_references_are_context(clips: Path) -> None:
    """With the role that metrics of a corpus know."""
    shutil.copy(clips / "ref" / "clip_2.mp4", clips / "ref" / "clip_3.mp4")
    with pytest.warns(UserWarning, match="without a generated clip"):
        samples = samples_from(video=clips / "gen", reference=clips / "ref")
    assert [s.get("role") for s in samples] == [None, None, "reference"]


def test_lists_pair_by_position(clips: Path) -> None:
    """Crossed names are what was asked for."""
    generated, reference = sorted((clips / "gen").iterdir()), sorted((clips / "ref").iterdir(), reverse=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        samples = samples_from(video=generated, reference=reference)
    assert names(samples, "reference") == ["clip_2.mp4", "clip_10.mp4"]


def test_sound_that_is_asked_for_is_the_video_itself(clips: Path) -> None:
    """Where there is any, and no file is written."""
    before = sorted(clips.rglob("*"))
    samples = samples_from(video=clips / "gen", reference=clips / "ref", extract_audio=True)
    assert samples[0]["audio"] == str(clips / "gen" / "clip_10.mp4")
    assert samples[0]["reference_audio"] == str(clips / "ref" / "clip_10.mp4")
    assert sorted(clips.rglob("*")) == before
    assert "audio" not in samples_from(video=clips / "gen")[0]


def test_text_that_names_no_file_is_the_prompt_of_all(clips: Path) -> None:
    """As in FastVideo; both arguments at once are refused, and a file that is not there is not a prompt."""
    samples = samples_from(video=clips / "gen", text_prompts="A dog. It barks")
    assert [s["text_prompt"] for s in samples] == ["A dog. It barks"] * 2
    (clips / "plain.txt").write_text("clip_2.mp4\tone\nclip_10.mp4\tten\n")
    samples = samples_from(video=clips / "gen", text_prompts=str(clips / "plain.txt"))
    assert [s["text_prompt"] for s in samples] == ["ten", "one"]
    with pytest.raises(ManifestError, match="both"):
        samples_from(video=clips / "gen", text_prompt="a", text_prompts=["a", "b"])
    with pytest.raises(ManifestError):
        samples_from(video=clips / "gen", text_prompts="absent.jsonl")


def test_sub_folders_are_not_entered(clips: Path) -> None:
    """Unless there is nothing else."""
    (clips / "gen" / "old").mkdir()
    shutil.copy(clips / "ref" / "clip_2.mp4", clips / "gen" / "old" / "clip_1.mp4")
    assert names(samples_from(video=clips / "gen"), "video") == ["clip_10.mp4", "clip_2.mp4"]
    (clips / "set").mkdir()
    (clips / "gen").rename(clips / "set" / "gen")
    assert len(samples_from(video=clips / "set")) == 3
