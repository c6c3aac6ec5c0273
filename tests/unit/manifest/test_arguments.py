"""Clips, lists, folders and texts given by keyword become samples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avmeter.errors import ManifestError, UnknownNameError
from avmeter.manifest import PairingWarning, samples_from
from support.files import touch, written


def test_extra_files_are_ignored_by_name(tmp_path: Path) -> None:
    """Three clips among rubbish are three samples, and the rubbish is listed."""
    gen = touch(tmp_path / "gen", "1.wav", "2.wav", "3.wav", ".DS_Store", "notes.txt", "thumbs.jpg", "._1.wav")
    (gen / "x.wav").mkdir()
    before = sorted(p.name for p in gen.rglob("*"))
    samples = samples_from(audio=gen)
    assert [s["id"] for s in samples] == ["1.wav", "2.wav", "3.wav"]
    named = {Path(i).name for i in samples.pairing.ignored}
    assert named == {".DS_Store", "notes.txt", "thumbs.jpg", "._1.wav", "x.wav"}
    assert sorted(p.name for p in gen.rglob("*")) == before


def test_strict_pairing_raises(tmp_path: Path) -> None:
    """strict=True turns the warning into an error."""
    gen, ref = touch(tmp_path / "gen", "a.wav", "b.wav"), touch(tmp_path / "ref", "a.wav")
    with pytest.raises(ManifestError, match=r"b\.wav"):
        samples_from(audio=gen, reference_audio=ref, strict=True)


def test_values_are_broadcast_or_zipped(tmp_path: Path) -> None:
    """Single values go to all clips, lists one by one, extras are merged; nothing goes to left over references."""
    with pytest.warns(PairingWarning):
        first, second, third = samples_from(
            audio=["a.wav", "b.wav"],
            reference_audio=["c.wav", "d.wav", "e.wav"],
            text_prompts=["one", "two"],
            auxiliary_info={"k": 1},
            extras=[{"scenario": 1}, {"scenario": 2}],
            extract_audio=True,
        )
    assert (first["text_prompt"], second["text_prompt"]) == ("one", "two")
    assert (first["scenario"], second["scenario"]) == (1, 2)
    assert first["auxiliary_info"] == second["auxiliary_info"] == {"k": 1}
    assert third.keys() == {"audio", "role"}


def test_prompt_file_in_order(tmp_path: Path) -> None:
    """A .jsonl of prompts zips with the clips."""
    (tmp_path / "p.jsonl").write_text('"one"\n{"prompt": "two"}\n')
    samples = samples_from(audio=["a.wav", "b.wav"], text_prompts=tmp_path / "p.jsonl")
    assert [s["text_prompt"] for s in samples] == ["one", "two"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "nothing generated"),
        ({"audio": []}, "empty list"),
        ({"audio": "nowhere"}, "neither a file nor a folder"),
        ({"audio": ["a.wav"], "video": ["a.mp4", "b.mp4"]}, "video= has 2 files, audio= has 1"),
        ({"audio": ["a.wav"], "text_prompt": "x", "text_prompts": ["y"]}, "both given"),
        ({"audio": ["a.wav"], "text_prompts": ["x", "y"]}, "2 values for 1"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict, text: str) -> None:
    """Each mistake has its sentence."""
    with pytest.raises(ManifestError, match=text):
        samples_from(**arguments)


def test_unknown_pairing_is_refused() -> None:
    """With a suggestion."""
    with pytest.raises(UnknownNameError, match="path"):
        samples_from(audio=["a.wav"], pairing="paths")  # type: ignore[arg-type]


def test_picture_and_sound_folders_join_by_name(tmp_path: Path) -> None:
    """video= and audio= of the same clips make one sample each; a missing one is an error with its name."""
    pictures, sounds = touch(tmp_path / "v", "a.mp4", "b.mp4"), touch(tmp_path / "s", "b.wav", "a.wav")
    first, second = samples_from(video=pictures, audio=sounds)
    assert first["audio"] == str(sounds / "a.wav")
    assert second["audio"] == str(sounds / "b.wav")
    (sounds / "b.wav").unlink()
    with pytest.raises(ManifestError, match=r"b\.mp4"):
        samples_from(video=pictures, audio=sounds)


@pytest.mark.parametrize("kind", ["list", "txt", "csv", "jsonl", "json"])
def test_prompts_by_line_follow_the_numbers_of_the_files(tmp_path: Path, kind: str) -> None:
    """Line k belongs to sample_k, though sample_10 sorts before sample_2; every form of a plain list does the same."""
    gen = touch(tmp_path / "gen", *(f"sample_{i}.wav" for i in range(12)))
    texts = [f"prompt {i}" for i in range(12)]
    text = {
        "list": "", "txt": "\n".join(texts) + "\n", "csv": "\n".join(["prompt", *texts]), "json": json.dumps(texts),
        "jsonl": "\n".join(json.dumps({"prompt": t}) for t in texts),
    }[kind]  # fmt: skip
    spec = texts if kind == "list" else written(tmp_path / f"p.{kind}", text)
    found = samples_from(audio=gen, text_prompts=spec, strict=True)
    assert {s["id"]: s["text_prompt"] for s in found} == {f"sample_{i}.wav": f"prompt {i}" for i in range(12)}
    assert found.pairing.lines() == ["12 clips; 12 of 12 captions by position, files in natural order"]


@pytest.mark.parametrize("argument", ["text_prompts", "extras", "auxiliary_info"])
def test_folder_without_a_single_order_takes_no_lists(tmp_path: Path, argument: str) -> None:
    """Where files sort differently by different programs, both orders are shown; `pairing="order"` says which."""
    gen = touch(tmp_path / "gen", "s2_take1.wav", "s10_take1.wav", "s10_take2.wav")
    values = ["a", "b", "c"] if argument == "text_prompts" else [{"k": i} for i in range(3)]
    with pytest.raises(ManifestError, match=r"natural order: s2_take1\.wav, .*\n  alphabetical: s10_take1\.wav"):
        samples_from(audio=gen, **{argument: values})
    assert [s["id"][:3] for s in samples_from(audio=gen, pairing="order", **{argument: values})] == [
        "s2_",
        "s10",
        "s10",
    ]


def test_prompts_that_name_their_clips_go_by_name(tmp_path: Path) -> None:
    """A dict of prompts, and a file of names to prompts, are not read by position."""
    clips = ["gen/a.wav", "gen/b.wav"]
    texts = {"b": "two", "a": "one"}
    assert [s["text_prompt"] for s in samples_from(audio=clips, text_prompts=texts)] == ["one", "two"]
    path = written(tmp_path / "p.json", json.dumps(texts))
    assert [s["text_prompt"] for s in samples_from(audio=clips, text_prompts=path)] == ["one", "two"]
    path = written(tmp_path / "p.csv", "video_id,caption\nb,two\na,one\n")
    assert [s["text_prompt"] for s in samples_from(audio=clips, text_prompts=str(path))] == ["one", "two"]


def test_list_beside_a_folder_goes_by_name(tmp_path: Path) -> None:
    """Three clips given one by one find their references in a folder of four."""
    gen, ref = (
        touch(tmp_path / "gen", "a.wav", "c.wav", "d.wav"),
        touch(tmp_path / "ref", *(f"{n}.wav" for n in "abcd")),
    )
    with pytest.warns(PairingWarning, match=r"1 a reference without a generated clip .*: b\.wav$"):
        samples = samples_from(audio=[gen / "a.wav", gen / "c.wav", gen / "d.wav"], reference=ref)
    assert [Path(s.get("reference_audio", s["audio"])).name for s in samples] == ["a.wav", "c.wav", "d.wav", "b.wav"]
    assert samples[3]["role"] == "reference"


def test_folder_beside_a_list_goes_by_name(tmp_path: Path) -> None:
    """The same the other way round, from folders of their own too."""
    gen = touch(tmp_path / "gen", "a.wav", "b.wav")
    samples = samples_from(audio=gen, reference=["p/b.flac", "q/a.flac"], strict=True)
    assert [s["reference_audio"] for s in samples] == ["q/a.flac", "p/b.flac"]


def test_folder_is_not_paired_by_position(tmp_path: Path) -> None:
    """Other names in the folder are no partners, however many there are; by request they are."""
    clips, ref = ["g0.wav", "g1.wav"], touch(tmp_path / "ref", "r0.wav", "r1.wav")
    with pytest.warns(PairingWarning, match=r"2 without a reference: g0\.wav, g1\.wav"):
        samples_from(audio=clips, reference=ref)
    samples = samples_from(audio=clips, reference=ref, pairing="order", strict=True)
    assert [Path(s["reference_audio"]).name for s in samples] == ["r0.wav", "r1.wav"]


def test_crossed_lists_are_pointed_out() -> None:
    """Two lists go by position; names that fit completely but cross are doubtful, and strict refuses them."""
    lists = {"audio": ["gen/a.wav", "gen/c.wav"], "reference": ["ref/c.wav", "ref/a.wav"]}
    with pytest.warns(PairingWarning, match=r"2 crossed, .*: a\.wav with c\.wav, c\.wav with a\.wav"):
        samples = samples_from(**lists)
    assert samples[0]["reference_audio"] == "ref/c.wav"
    with pytest.raises(ManifestError, match="2 crossed"):
        samples_from(**lists, strict=True)
    with pytest.warns(PairingWarning, match="2 crossed"):
        samples_from(video=["v/a.mp4", "v/c.mp4"], audio=lists["reference"])


def test_longer_list_of_references_goes_by_name_where_all_names_fit() -> None:
    """Position would shift everything behind the first clip without a generated one."""
    with pytest.warns(PairingWarning, match=r"b\.wav$"):
        samples = samples_from(audio=["a.wav", "c.wav"], reference=["ref/a.wav", "ref/b.wav", "ref/c.wav"])
    assert [s.get("reference_audio") for s in samples] == ["ref/a.wav", "ref/c.wav", None]


def test_videos_of_a_list_take_sounds_of_a_folder_by_name(tmp_path: Path) -> None:
    """Neither alphabetical nor any other order of the folder counts."""
    sounds = touch(tmp_path / "s", "a.wav", "b.wav")
    samples = samples_from(video=["v/b.mp4", "v/a.mp4"], audio=sounds)
    assert [Path(s["audio"]).name for s in samples] == ["b.wav", "a.wav"]
    with pytest.raises(ManifestError, match=r"1 videos without sound file \(c\.mp4\)"):
        samples_from(video=["v/b.mp4", "v/c.mp4"], audio=sounds)


def test_only_pairs_are_kept_on_request(tmp_path: Path) -> None:
    """paired=True leaves out what one side lacks, and names it."""
    gen, ref = touch(tmp_path / "gen", "a.wav", "b.wav"), touch(tmp_path / "ref", "a.wav", "c.wav")
    samples = samples_from(audio=gen, reference=ref, paired=True, strict=True)
    assert [s["id"] for s in samples] == ["a.wav"]
    assert samples.pairing.lines() == ["1 clip; 1 reference; left out, without a partner: b.wav, c.wav"]
    with pytest.raises(ManifestError, match="no clip has a reference"):
        samples_from(audio=gen, paired=True)


def test_sorted_list_of_a_series_takes_no_texts_by_position() -> None:
    """`sorted(glob(...))` is not the order of the numbers; by request it is taken as it is."""
    files = sorted(f"gen/sample_{i}.wav" for i in range(12))
    texts = [f"prompt {i}" for i in range(12)]
    with pytest.raises(ManifestError, match="the files of the list have no single order"):
        samples_from(audio=files, text_prompts=texts)
    assert samples_from(audio=files, text_prompts=texts, pairing="order")[2]["text_prompt"] == "prompt 2"


@pytest.mark.parametrize("argument", ["audio", "reference"])
def test_sets_are_no_lists(argument: str) -> None:
    """They have no order, and their order would change from run to run."""
    with pytest.raises(ManifestError, match=rf"{argument} is a set, which is no list"):
        samples_from(**{"audio": ["a.wav", "b.wav"], argument: {"a.wav", "b.wav"}})
