"""Folders, lists and references become samples; nothing is dropped or shifted without being named."""

from __future__ import annotations

import unicodedata
import warnings
from pathlib import Path

import pytest

from avmeter.errors import ManifestError, UnknownNameError
from avmeter.manifest import PairingWarning, identical_pairs, samples_from, samples_from_inputs
from avmeter.manifest.folders import list_media
from support.privileges import without_root


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def by_id(samples: list[dict]) -> dict[str, dict]:
    return {s["id"]: s for s in samples}


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


def test_same_stem_in_different_folders_stays_apart(tmp_path: Path) -> None:
    """Pairing is by relative path, never by stem alone."""
    gen = touch(tmp_path / "gen", "x/a.wav", "y/a.wav")
    ref = touch(tmp_path / "ref", "x/a.wav", "y/a.wav")
    found = by_id(samples_from(audio=gen, reference_audio=ref))
    assert found["x/a.wav"]["reference_audio"] == str(ref / "x/a.wav")
    assert found["y/a.wav"]["reference_audio"] == str(ref / "y/a.wav")


def test_video_pairs_with_sound_of_the_same_name(tmp_path: Path) -> None:
    """gen/a.mp4 and ref/a.wav are partners."""
    gen, ref = touch(tmp_path / "gen", "a.mp4"), touch(tmp_path / "ref", "a.wav")
    (sample,) = samples_from(video=gen, reference=ref)
    assert sample == {"id": "a.mp4", "video": str(gen / "a.mp4"), "reference_audio": str(ref / "a.wav")}


@pytest.mark.parametrize("stem", ["dog_barking_take_001", "rain_on_tin_roof_0001", "take.1", "a b  c", "-dash"])
def test_names_of_any_length_pair_exactly(tmp_path: Path, stem: str) -> None:
    """Names are neither cut nor stripped."""
    gen, ref = touch(tmp_path / "gen", f"{stem}.wav"), touch(tmp_path / "ref", f"{stem}.flac")
    (sample,) = samples_from(audio=gen, reference_audio=ref)
    assert sample["reference_audio"] == str(ref / f"{stem}.flac")


def test_composed_and_decomposed_umlauts_pair(tmp_path: Path) -> None:
    """File systems differ in the Unicode form of names; pairing does not."""
    gen = touch(tmp_path / "gen", unicodedata.normalize("NFD", "Tür.wav"))
    ref = touch(tmp_path / "ref", unicodedata.normalize("NFC", "Tür.wav"))
    (sample,) = samples_from(audio=gen, reference_audio=ref)
    assert "reference_audio" in sample


def test_clips_that_differ_by_extension_are_two_samples(tmp_path: Path) -> None:
    """Both are scored, both find their reference, and the report names the pair."""
    gen, ref = touch(tmp_path / "gen", "a.wav", "a.flac"), touch(tmp_path / "ref", "a.wav")
    with pytest.warns(PairingWarning, match=r"a\.flac = a\.wav"):
        samples = samples_from(audio=gen, reference_audio=ref)
    assert [s["id"] for s in samples] == ["a.flac", "a.wav"]
    assert all(s["reference_audio"] == str(ref / "a.wav") for s in samples)


def test_reference_with_equal_extension_is_preferred(tmp_path: Path) -> None:
    """Of two references of the name, the one like the clip is taken and the other is named."""
    gen, ref = touch(tmp_path / "gen", "a.wav"), touch(tmp_path / "ref", "a.wav", "a.mp4")
    with pytest.warns(PairingWarning, match=r"passed over.*a\.mp4"):
        (sample,) = samples_from(audio=gen, reference=ref)
    assert sample["reference_audio"] == str(ref / "a.wav")


def test_ambiguous_references_are_reported_and_not_guessed(tmp_path: Path) -> None:
    """Without an equal extension none is taken."""
    gen, ref = touch(tmp_path / "gen", "a.flac"), touch(tmp_path / "ref", "a.wav", "a.mp4")
    with pytest.warns(PairingWarning, match="several references") as caught:
        (sample,) = samples_from(audio=gen, reference=ref)
    assert "reference" not in sample
    assert "reference_audio" not in sample
    report = caught[0].message.report  # type: ignore[union-attr]
    assert report.ambiguous == ["a.flac (a.mp4, a.wav)"]
    assert report.missing == []


def test_problems_come_as_one_warning_with_names(tmp_path: Path) -> None:
    """Missing partners and left over references are told once, before anything runs."""
    gen, ref = touch(tmp_path / "gen", "a.wav", "b.wav"), touch(tmp_path / "ref", "a.wav", "c.wav")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        samples = samples_from(audio=gen, reference_audio=ref)
    assert len(caught) == 1
    text = str(caught[0].message)
    assert "1 without a reference: b.wav" in text
    assert "c.wav" in text
    assert caught[0].filename == __file__
    assert samples[-1] == {"audio": str(ref / "c.wav"), "role": "reference", "id": "reference:c.wav"}
    assert samples.pairing.num_paired == 1


def test_strict_pairing_raises(tmp_path: Path) -> None:
    """strict=True turns the warning into an error."""
    gen, ref = touch(tmp_path / "gen", "a.wav", "b.wav"), touch(tmp_path / "ref", "a.wav")
    with pytest.raises(ManifestError, match=r"b\.wav"):
        samples_from(audio=gen, reference_audio=ref, strict=True)


@pytest.mark.parametrize("kind", ["function", "regex", "csv"])
def test_names_are_mapped_only_on_request(tmp_path: Path, kind: str) -> None:
    """A function, an expression or a table brings names together that differ."""
    gen, ref = touch(tmp_path / "gen", "gen_01.wav"), touch(tmp_path / "ref", "real_01.wav")
    (tmp_path / "map.csv").write_text("generated,reference\ngen_01.wav,real_01.wav\n")
    name_map = {
        "function": lambda key: key.replace("gen", "real"),
        "regex": ("^gen_", "real_"),
        "csv": tmp_path / "map.csv",
    }[kind]
    (sample,) = samples_from(audio=gen, reference_audio=ref, name_map=name_map)
    assert sample["reference_audio"] == str(ref / "real_01.wav")
    with pytest.warns(PairingWarning):
        samples_from(audio=gen, reference_audio=ref)


def test_lists_zip_in_order(tmp_path: Path) -> None:
    """Lists keep the caller's order; references beyond the clips become context."""
    with pytest.warns(PairingWarning, match=r"r3\.mp4"):
        samples = samples_from(video=["b.mp4", "a.mp4"], reference=["r1.mp4", "r2.mp4", "r3.mp4"], fps=25)
    assert samples == [
        {"video": "b.mp4", "reference": "r1.mp4", "fps": 25},
        {"video": "a.mp4", "reference": "r2.mp4", "fps": 25},
        {"video": "r3.mp4", "role": "reference"},
    ]


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


def test_link_loops_end(tmp_path: Path) -> None:
    """A folder that links to itself is read once."""
    gen = touch(tmp_path / "gen", "a.wav")
    (gen / "loop").symlink_to(gen, target_is_directory=True)
    assert [f.name for f in list_media(gen).files] == ["a.wav"]


def test_folders_are_in_natural_order(tmp_path: Path) -> None:
    """sample_2 comes before sample_10."""
    gen = touch(tmp_path / "gen", *(f"sample_{i}.wav" for i in range(12)))
    assert [f.name for f in list_media(gen).files] == [f"sample_{i}.wav" for i in range(12)]


def test_transport_streams_are_clips_and_typescript_is_not(tmp_path: Path) -> None:
    """A folder with a.ts and b.mp4 holds two clips; source code beside them is named as ignored."""
    gen = touch(tmp_path / "gen", "b.mp4", "code.ts")
    (gen / "a.ts").write_bytes((b"\x47" + bytes(187)) * 3)
    listing = list_media(gen)
    assert [f.name for f in listing.files] == ["a.ts", "b.mp4"]
    assert listing.ignored == ("code.ts",)


def test_dead_link_is_listed(tmp_path: Path) -> None:
    """A clip that is gone is a sample, to be reported by the run."""
    gen = touch(tmp_path / "gen", "a.wav")
    (gen / "b.wav").symlink_to(tmp_path / "gone.wav")
    assert [f.name for f in list_media(gen).files] == ["a.wav", "b.wav"]


def test_references_inside_the_generated_folder_are_not_clips(tmp_path: Path) -> None:
    """`score data --reference data/ref` does not score the references."""
    data = touch(tmp_path / "data", "a.wav", "ref/a.wav")
    (sample,) = samples_from_inputs(data, reference=data / "ref")
    assert sample["reference_audio"] == str(data / "ref/a.wav")


def test_folder_against_itself_pairs_completely(tmp_path: Path) -> None:
    """The identity test that people make first works, and is pointed out."""
    data = touch(tmp_path / "data", "a.wav", "b.wav")
    samples = samples_from_inputs(data, reference=data)
    assert samples.pairing.num_paired == 2
    assert identical_pairs(samples) == ["a.wav", "b.wav"]


def test_empty_folder_says_what_it_looked_for(tmp_path: Path) -> None:
    """No clips is a usage error."""
    with pytest.raises(ManifestError, match=r"no media files.*1 other"):
        samples_from_inputs(touch(tmp_path / "gen", "notes.txt"))


def test_named_files_may_have_any_extension(tmp_path: Path) -> None:
    """A file named by hand is taken at the caller's word."""
    touch(tmp_path, "clip", "clip.bin", "clip.wav")
    samples = samples_from_inputs([tmp_path / "clip", tmp_path / "clip.bin", tmp_path / "clip.wav"])
    assert [next(iter(s)) for s in samples] == ["video", "video", "audio"]


def test_single_clip_with_single_reference(tmp_path: Path) -> None:
    """Two files named by hand are partners whatever they are called."""
    touch(tmp_path, "a.wav", "b.wav")
    (sample,) = samples_from_inputs(tmp_path / "a.wav", reference=tmp_path / "b.wav")
    assert sample["reference_audio"] == str(tmp_path / "b.wav")


def test_folders_with_equal_names_inside_have_unique_ids(tmp_path: Path) -> None:
    """Two folders with the same file are two samples."""
    a, b = touch(tmp_path / "p/out", "a.wav"), touch(tmp_path / "q/out", "a.wav")
    samples = samples_from_inputs([a, b])
    assert len({s["id"] for s in samples}) == 2


def test_files_named_by_hand_do_not_pair_by_stem(tmp_path: Path) -> None:
    """x/a.wav and y/a.wav named one by one keep their folders when they look for references."""
    touch(tmp_path / "gen", "x/a.wav", "y/a.wav")
    ref = touch(tmp_path / "ref", "x/a.wav")
    with pytest.warns(PairingWarning, match="y/a"):
        samples = samples_from_inputs([tmp_path / "gen/x/a.wav", tmp_path / "gen/y/a.wav"], reference=ref)
    assert ["reference_audio" in s for s in samples] == [True, False]


def test_identical_bytes_are_pointed_out(tmp_path: Path) -> None:
    """Equal bytes are found; equal sizes are not enough; unreadable files are left alone."""
    gen, ref = tmp_path / "gen", tmp_path / "ref"
    for folder, contents in ((gen, (b"one", b"two", b"six")), (ref, (b"one", b"too", b"longer"))):
        folder.mkdir()
        for name, content in zip("abc", contents, strict=True):
            (folder / f"{name}.wav").write_bytes(content)
    samples = [*samples_from(audio=gen, reference_audio=ref), {"audio": "gone.wav", "reference_audio": "gone.wav"}]
    assert identical_pairs(samples) == ["a.wav"]


def test_folder_without_permission_is_an_error(open_folder: Path) -> None:
    """A part of a set that cannot be listed is not left out in silence."""
    gen = touch(open_folder / "gen", "a.wav", "x/b.wav")
    (gen / "x").chmod(0)
    with without_root(), pytest.raises(ManifestError, match="cannot be listed"):
        list_media(gen)
