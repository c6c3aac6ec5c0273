"""What is named on a command line becomes samples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest import ManifestWarning, PairingWarning, identical_pairs, samples_from_inputs
from avmeter.sample import as_samples
from support.files import touch, written
from support.packed import tar_bytes, write_parquet


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


def test_file_named_by_hand_must_exist(tmp_path: Path) -> None:
    """Among others too: it is a mistake of who typed it, where a row of a table without its file is a skip."""
    touch(tmp_path, "a.wav")
    with pytest.raises(ManifestError, match=r"gone\.wav is neither a file nor a folder"):
        samples_from_inputs([tmp_path / "a.wav", tmp_path / "gone.wav"])


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


def test_manifest_as_input_pairs_with_a_reference_folder(tmp_path: Path) -> None:
    """Rows without own reference find theirs by relative path; an own reference stays."""
    (tmp_path / "ref/x").mkdir(parents=True)
    for name in ("ref/x/a.wav", "ref/b.wav"):
        (tmp_path / name).touch()
    path = written(tmp_path / "m.csv", "audio,reference_audio\nx/a.wav,\nb.wav,own.wav\n")
    first, second = samples_from_inputs(path, reference=tmp_path / "ref")
    assert first["reference_audio"] == str(tmp_path / "ref/x/a.wav")
    assert second["reference_audio"] == str(tmp_path / "own.wav")


def test_prompts_are_attached_before_references(tmp_path: Path) -> None:
    """One call does what a command line asks for, and says it in one line."""
    gen = touch(tmp_path / "gen", "a.wav", "b.wav", "c.wav")
    ref = touch(tmp_path / "ref", "a.wav", "c.wav")
    prompts = written(tmp_path / "p.csv", "video_id,start_time,caption\nc,9,three\na,7,one\nb,8,two\n")
    with pytest.warns(PairingWarning, match=r"b\.wav"):
        samples = samples_from_inputs(gen, reference=ref, prompts=prompts)
    assert [s["text_prompt"] for s in samples] == ["one", "two", "three"]
    assert samples.pairing.lines() == [
        "3 clips; 3 of 3 captions by column video_id; 2 references, missing for: b.wav; columns not used: start_time"
    ]


def test_manifest_says_what_its_columns_were_read_as(tmp_path: Path) -> None:
    """A table of generated speech needs no renaming."""
    lines = [
        {
            "utt_id": f"u{i}",
            "audio_path": f"wav/{i}.wav",
            "speaker_prompt": "spk/a.wav",
            "text": f"text {i}",
            "lang": "en",
        }
        for i in range(3)
    ]
    path = written(tmp_path / "set.jsonl", "\n".join(json.dumps({**line, "seed": 1}) for line in lines))
    samples = samples_from_inputs(path, strict=True)
    assert samples[1] == {
        "id": "u1", "audio": str(tmp_path / "wav/1.wav"), "reference_audio": str(tmp_path / "spk/a.wav"),
        "reference_text": "text 1", "language": "en", "seed": 1,
    }  # fmt: skip
    assert samples.pairing.lines() == [
        "3 clips; columns not used: seed",
        "set.jsonl: id by column utt_id, audio by column audio_path, reference_audio by column speaker_prompt, "
        "reference_text by column text, language by column lang",
    ]


def test_explicit_columns_serve_manifest_and_prompts(tmp_path: Path) -> None:
    """A column named by the user must be in one of the tables."""
    manifest = written(tmp_path / "set.csv", "nr,ton\n1,a.wav\n2,b.wav\n")
    prompts = written(tmp_path / "p.csv", "Nummer,Beschreibung\n2,two\n1,one\n")
    columns = {"id": "nr", "audio": "ton", "text_prompt": "Beschreibung"}
    samples = samples_from_inputs(manifest, prompts=prompts, columns=columns)
    assert [(s["id"], s["text_prompt"]) for s in samples] == [("1", "one"), ("2", "two")]
    with pytest.raises(ManifestError, match="no column `Tonn`") as caught:
        samples_from_inputs(manifest, prompts=prompts, columns={**columns, "audio": "Tonn"})
    assert "did you mean `ton`?" in caught.value.hint


def test_doubtful_column_is_refused_when_strict(tmp_path: Path) -> None:
    """What is a warning otherwise is an error then."""
    path = written(tmp_path / "m.csv", "audio,refrence_audio\na.wav,b.wav\n")
    with pytest.warns(ManifestWarning, match="`refrence_audio` looks like `reference_audio`"):
        samples_from_inputs(path)
    with pytest.raises(ManifestError, match="refrence_audio"):
        samples_from_inputs(path, strict=True)


def test_one_clip_by_two_inputs_is_refused(tmp_path: Path) -> None:
    """A clip of the folder, named once more, would count twice."""
    gen = touch(tmp_path / "gen", "a.wav", "b.wav")
    with pytest.raises(ManifestError, match=r"a\.wav was given twice"):
        samples_from_inputs([gen, gen / "a.wav"])
    with pytest.raises(ManifestError, match="was given twice"):
        samples_from_inputs([gen, gen])


def test_every_clip_in_its_folder_pairs_in_order_on_request(tmp_path: Path) -> None:
    """pairing="order" pairs natural order with natural order."""
    gen, ref = (touch(tmp_path / n, *(f"{n}_{i}.wav" for i in range(12))) for n in ("gen", "ref"))
    samples = samples_from_inputs(gen, reference=ref, pairing="order", strict=True)
    assert all(Path(s["reference_audio"]).stem == s["id"].removesuffix(".wav").replace("gen", "ref") for s in samples)


def test_rows_that_cross_are_pointed_out(tmp_path: Path) -> None:
    """An id that is the name of another row's file, and texts that name each other's files."""
    crossed = written(tmp_path / "ids.csv", "id,audio\na,b.wav\nb,a.wav\n")
    with pytest.warns(PairingWarning, match=r"b\.wav with a, a\.wav with b"):
        samples_from_inputs(crossed)
    crossed = written(tmp_path / "texts.csv", "audio,caption\ndog.wav,rain falls\nrain.wav,a dog\n")
    with pytest.raises(ManifestError, match=r"dog\.wav has the text of"):
        samples_from_inputs(crossed, strict=True)


def test_prompts_serve_every_folder_of_several(tmp_path: Path) -> None:
    """Two systems over one list of prompts: a name is that of one clip in each folder."""
    folders = [touch(tmp_path / name, "a.wav", "b.wav") for name in ("base", "tuned")]
    prompts = written(tmp_path / "p.csv", "vid,caption\nb,two\na,one\n")
    samples = samples_from_inputs(folders, prompts=prompts, strict=True)
    assert [(s["id"], s["text_prompt"]) for s in samples] == [
        ("base/a.wav", "one"), ("base/b.wav", "two"), ("tuned/a.wav", "one"), ("tuned/b.wav", "two"),
    ]  # fmt: skip


def test_files_that_a_shell_lists_take_no_prompts_by_line(tmp_path: Path) -> None:
    """`score gen/*.wav` comes in alphabetical order, in which sample_10 is the third."""
    gen = touch(tmp_path / "gen", *(f"sample_{i}.wav" for i in range(12)))
    prompts = written(tmp_path / "p.txt", "".join(f"prompt {i}\n" for i in range(12)))
    with pytest.raises(ManifestError, match="no single order"):
        samples_from_inputs(sorted(gen.iterdir()), prompts=prompts)
    assert samples_from_inputs(gen, prompts=prompts)[2]["text_prompt"] == "prompt 2"


def test_table_of_captions_given_as_an_input_is_refused(tmp_path: Path) -> None:
    """It would add every clip once more, without its file."""
    gen = touch(tmp_path / "gen", "a.wav")
    table = written(tmp_path / "p.csv", "file_name,caption\na.wav,one\n")
    with pytest.raises(ManifestError, match=r"no file of it exists, and a\.wav is a clip of another input") as caught:
        samples_from_inputs([table, gen])
    assert "--prompts" in caught.value.hint


def test_incomplete_columns_of_a_manifest_are_counted(tmp_path: Path) -> None:
    """Which rows lack a value is told by their number, before the run."""
    path = written(tmp_path / "m.csv", "path,text_prompt\na.wav,one\nb.wav,\n")
    assert samples_from_inputs(path).pairing.lines() == [
        "2 clips", "m.csv: audio or video by column path, text_prompt by column text_prompt (1 of 2)",
    ]  # fmt: skip


def test_table_as_reference_is_refused(tmp_path: Path) -> None:
    """It is no clip, and would pass as one that fits nothing."""
    table = written(tmp_path / "refs.csv", "id,reference\na,r.wav\n")
    with pytest.raises(ManifestError, match=r"refs\.csv is a table"):
        samples_from_inputs(touch(tmp_path / "gen", "a.wav"), reference=table)


@pytest.fixture
def objects() -> Iterator[str]:
    """A set in the store in memory."""
    import fsspec

    files = fsspec.filesystem("memory")
    table = (
        b"audio,reference_audio,text_prompt,link\ngen/a.wav,memory://inputs/ref/a.wav,a dog,https://h/x?sig=SECRET\n"
    )
    for name in ("gen/a.wav", "gen/b.wav", "ref/a.wav", "ref/b.wav"):
        files.pipe_file(f"/inputs/{name}", b"x")
    files.pipe_file("/inputs/set.csv", table)
    files.pipe_file("/inputs/prompts.csv", b"id,prompt\na,a dog\nb,a cat\n")
    yield "memory://inputs"
    files.rm("/inputs", recursive=True)


def test_folders_and_tables_by_url_are_paired_like_others(objects: str) -> None:
    """By their names below the prefix."""
    samples = samples_from_inputs(f"{objects}/gen/", reference=f"{objects}/ref/", prompts=f"{objects}/prompts.csv")
    assert samples == [
        {
            "id": f"{n}.wav",
            "audio": f"{objects}/gen/{n}.wav",
            "reference_audio": f"{objects}/ref/{n}.wav",
            "text_prompt": t,
        }
        for n, t in (("a", "a dog"), ("b", "a cat"))
    ]


def test_paths_of_a_table_by_url_are_below_it(objects: str) -> None:
    """Nothing of it names a file of this machine; extras show no credentials."""
    assert samples_from_inputs(f"{objects}/set.csv") == [
        {
            "id": "gen/a.wav",
            "audio": f"{objects}/gen/a.wav",
            "reference_audio": f"{objects}/ref/a.wav",
            "text_prompt": "a dog",
            "link": "https://h/x?sig=***",
        }
    ]


def test_clips_by_signed_urls_are_named_without_signatures(tmp_path: Path) -> None:
    """By themselves, and in a table."""
    url = "https://host/x/a.wav?X-Amz-Signature=SECRET"
    table = tmp_path / "set.csv"
    table.write_text(f"audio,prompt\n{url},a dog\n")
    for inputs in (url, table):
        samples = samples_from_inputs(inputs)
        assert samples[0]["audio"] == url
        assert "SECRET" not in as_samples(samples)[0].id


def test_one_url_by_two_inputs_is_refused() -> None:
    """Whatever its signature."""
    with pytest.raises(ManifestError, match=r"was given twice") as caught:
        samples_from_inputs(["https://h/a.wav?sig=S1", "https://h/a.wav?sig=S2"])
    assert "S1" not in str(caught.value)


def test_rows_of_several_tables_with_media_are_told_apart(tmp_path: Path) -> None:
    """By the table, where their clips have one name."""
    for name in ("train-0.parquet", "train-1.parquet"):
        write_parquet(tmp_path / name, {"audio": [{"bytes": b"x", "path": "a.wav"}]})
    samples = samples_from_inputs([tmp_path / "train-0.parquet", tmp_path / "train-1.parquet"])
    assert [s.id for s in as_samples(samples)] == ["train-0/a.wav", "train-1/a.wav"]


def test_shard_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    """Its clips would count twice."""
    (tmp_path / "000.tar").write_bytes(tar_bytes([("a.wav", b"x")]))
    with pytest.raises(ManifestError, match="was given twice"):
        samples_from_inputs([tmp_path / "000.tar", tmp_path / "000.tar"])
    with pytest.raises(ManifestError, match="no media files") as caught:
        samples_from_inputs(tmp_path)
    assert "tar shards" in caught.value.hint


def test_links_to_one_file_are_clips_of_their_own_names(tmp_path: Path) -> None:
    """Stores that keep equal content once link all its names to it; one such pair must not cost the whole folder."""
    gen = touch(tmp_path / "gen", "a.wav", "c.wav")
    (gen / "b.wav").symlink_to("a.wav")
    assert [s.id for s in as_samples(samples_from_inputs(gen))] == ["a.wav", "b.wav", "c.wav"]
    with pytest.raises(ManifestError, match="was given twice"):
        samples_from_inputs([gen, gen / "b.wav"])
