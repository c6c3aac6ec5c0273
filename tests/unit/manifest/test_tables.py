"""Manifests, prompts and data sets: what columns mean, and what is said about mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from avmeter.errors import ManifestError
from avmeter.manifest import (
    ManifestWarning,
    PairingWarning,
    attach_prompts,
    from_dataset,
    read_manifest,
    read_prompts,
    samples_from_inputs,
)
from avmeter.sample import as_samples


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_any_flavour(tmp_path: Path, delimiter: str, encoding: str) -> None:
    """Byte order marks, delimiters, quotes with line breaks, umlauts and empty cells are read as meant."""
    lines = [
        ["id", "file", "caption", "score_by_hand"],
        ["1", "x/ä.wav", '"a dog,\nthen; a cat"', "3"],
        ["2", "b.mp4", "", ""],
    ]
    path = written(tmp_path / "m.csv", "\n".join(delimiter.join(line) for line in lines) + "\n\n", encoding)
    assert read_manifest(path) == [
        {"id": "1", "audio": str(tmp_path / "x/ä.wav"), "text_prompt": "a dog,\nthen; a cat", "score_by_hand": "3"},
        {"id": "2", "video": str(tmp_path / "b.mp4")},
    ]


def test_jsonl_json_and_parquet_agree(tmp_path: Path) -> None:
    """The format of the table does not matter."""
    rows = [{"audio": "a.wav", "prompt": "one", "fps": 25.0}, {"audio": "/abs/b.wav", "prompt": None, "fps": None}]
    written(tmp_path / "m.jsonl", "\n".join(map(json.dumps, rows)))
    written(tmp_path / "m.json", json.dumps(rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "m.parquet")
    expected = [
        {"audio": str(tmp_path / "a.wav"), "text_prompt": "one", "fps": 25.0, "id": "a.wav"},
        {"audio": "/abs/b.wav", "id": "/abs/b.wav"},
    ]
    for kind in ("jsonl", "json", "parquet"):
        assert read_manifest(tmp_path / f"m.{kind}") == expected


def test_same_clip_twice_without_ids_goes_by_line(tmp_path: Path) -> None:
    """One clip against two prompts is two samples with different ids."""
    path = written(tmp_path / "m.csv", "audio,prompt\na.wav,x\na.wav,y\n")
    assert len({s.id for s in as_samples(read_manifest(path))}) == 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "audio,prompt\na.wav,x\nb.wav,x,y\n", r"line 3: 3 cells"),
        ("m.csv", "audio,prompt\na.wav\n", r"line 2: 1 cells"),
        ("m.csv", 'audio,prompt\na.wav,"x\nb.wav,y\n', r"line 2: unexpected end"),
        ("m.csv", "id,audio\n1,a.wav\n2,b.wav\n1,c.wav\n", r"line 4, column `id`: id `1` was used before, in line 2"),
        ("m.csv", "audio,audio\na.wav,b.wav\n", r"column `audio` occurs 2 times"),
        ("m.csv", "file,path\na.wav,b.wav\n", r"`file` and `path` both mean"),
        ("m.csv", "sound,prompt\na.wav,x\n", r"no column of clips among `sound`, `prompt`"),
        ("m.csv", "audoi,prompt\na.wav,x\n", r"no column of clips"),
        ("m.csv", "audio,fps\na.wav,fast\n", r"line 2: fps is 'fast'"),
        ("m.csv", "audio,role\na.wav,real\n", r"line 2: role is 'real'"),
        ("m.csv", "audio\n", "no rows"),
        ("m.csv", "", "no rows"),
        ("m.jsonl", '{"audio": "a.wav"}\n{"audio": \n', r"line 2: not JSON"),
        ("m.jsonl", '{"audio": "a.wav"}\n[1]\n', r"line 2: a JSON list"),
        ("m.jsonl", '{"audio": 3}\n', r"line 1, column `audio`: a int, not a path"),
        ("m.json", "[}", r"line 1, column 2: not JSON"),
        ("m.json", '["a.wav"]', r"entry 0: a text"),
        ("m.parquet", "not parquet", "not a Parquet file"),
        ("m.xlsx", "", "not a manifest by its extension"),
    ],
)
def test_mistakes_are_named_by_line_and_column(tmp_path: Path, name: str, text: str, message: str) -> None:
    """A bad table is one sentence with the place."""
    with pytest.raises(ManifestError, match=message):
        read_manifest(written(tmp_path / name, text))


def test_table_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    """Latin-1 text is not guessed at."""
    path = tmp_path / "m.csv"
    path.write_bytes(b"audio,prompt\na.wav,x\nb.wav,T\xfcr\n")
    with pytest.raises(ManifestError, match="line 3: not UTF-8"):
        read_manifest(path)


def test_missing_table_is_an_error(tmp_path: Path) -> None:
    """Not a traceback of the operating system."""
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "gone.csv")


def test_misspelt_column_is_pointed_out(tmp_path: Path) -> None:
    """A column that looks like a key is kept, with a warning."""
    path = written(tmp_path / "m.csv", "audio,refrence_audio\na.wav,b.wav\n")
    with pytest.warns(ManifestWarning, match="`refrence_audio` looks like `reference_audio`"):
        read_manifest(path)


def test_alias_beside_its_key_is_an_extra(tmp_path: Path) -> None:
    """A table with `id` and `name` keeps both."""
    path = written(tmp_path / "m.csv", "id,name,audio\n1,Ann,a.wav\n")
    assert read_manifest(path)[0]["name"] == "Ann"


def test_manifest_as_input_pairs_with_a_reference_folder(tmp_path: Path) -> None:
    """Rows without own reference find theirs by relative path; an own reference stays."""
    (tmp_path / "ref/x").mkdir(parents=True)
    for name in ("ref/x/a.wav", "ref/b.wav"):
        (tmp_path / name).touch()
    path = written(tmp_path / "m.csv", "audio,reference_audio\nx/a.wav,\nb.wav,own.wav\n")
    first, second = samples_from_inputs(path, reference=tmp_path / "ref")
    assert first["reference_audio"] == str(tmp_path / "ref/x/a.wav")
    assert second["reference_audio"] == str(tmp_path / "own.wav")


SAMPLES = [
    {"id": "x/a.wav", "audio": "gen/x/a.wav"},
    {"id": "y/a.wav", "audio": "gen/y/a.wav"},
    {"id": "b.mp4", "video": "gen/b.mp4"},
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.csv", "id,prompt,transcript\nx/a.wav,1,one\ny/a,2,two\nb,3,three\n"),
        ("p.jsonl", '{"file": "x/a.wav", "text_prompt": "1", "reference_text": "one"}\n'
                    '{"file": "y/a", "text_prompt": "2", "reference_text": "two"}\n'
                    '{"file": "gen/b.mp4", "text_prompt": "3", "reference_text": "three"}'),
        ("p.json", json.dumps({"x/a": {"prompt": "1", "transcript": "one"},
                               "y/a": {"prompt": "2", "transcript": "two"},
                               "b.mp4": {"prompt": "3", "transcript": "three"}})),
    ],
)  # fmt: skip
def test_prompts_find_their_clips(tmp_path: Path, name: str, text: str) -> None:
    """By id, or relative path with or without extension."""
    found = attach_prompts(SAMPLES, written(tmp_path / name, text))
    assert [s["text_prompt"] for s in found] == ["1", "2", "3"]
    assert [s["reference_text"] for s in found] == ["one", "two", "three"]
    assert "text_prompt" not in SAMPLES[0]


@pytest.mark.parametrize(("name", "text"), [("p.txt", "one\ntwo\nthree\n"), ("p.json", '["one", "two", "three"]')])
def test_prompts_without_names_go_in_order(tmp_path: Path, name: str, text: str) -> None:
    """One per clip; another number is an error."""
    path = written(tmp_path / name, text)
    assert [s["text_prompt"] for s in attach_prompts(SAMPLES, path)] == ["one", "two", "three"]
    with pytest.raises(ManifestError, match="3 prompts for 2 clips"):
        attach_prompts(SAMPLES[:2], path)


def test_prompts_as_object_of_texts(tmp_path: Path) -> None:
    """{"name": "prompt"} is enough."""
    table = read_prompts(written(tmp_path / "p.json", '{"a": "one"}'))
    assert table["a"] == {"text_prompt": "one"}


def test_ambiguous_and_unknown_prompt_names_are_reported(tmp_path: Path) -> None:
    """A bare name that fits two clips is given to neither."""
    path = written(tmp_path / "p.csv", "id,prompt\na,1\nb,2\nghost,3\n")
    with pytest.warns(PairingWarning) as caught:
        found = attach_prompts(SAMPLES, path)
    report = caught[0].message.report  # type: ignore[union-attr]
    assert report.unknown_prompts == ["a", "ghost"]
    assert report.without_prompt == ["x/a.wav", "y/a.wav"]
    assert ["text_prompt" in s for s in found] == [False, False, True]
    with pytest.raises(ManifestError, match="ghost"):
        attach_prompts(SAMPLES, path, strict=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,prompt\na,1\na,2\n", "line 3: `a` was named before, in line 2"),
        ("id,prompt\na,1\n,2\n", "line 3: no `id`"),
        ("id,mood\na,1\n", "no column of texts"),
    ],
)
def test_bad_prompt_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """With line and column."""
    with pytest.raises(ManifestError, match=message):
        read_prompts(written(tmp_path / "p.csv", text))


def test_data_set_rows_become_samples() -> None:
    """Arrays, decoders and paths of a data set are understood; columns map by key."""
    decoder = SimpleNamespace(get_all_samples=lambda: SimpleNamespace(data=np.zeros((1, 8)), sample_rate=8000.0))
    rows = [
        {"speech": {"array": np.zeros(4), "sampling_rate": 16000, "path": None}, "sentence": "hi", "n": 1},
        {"speech": decoder, "sentence": None, "n": 2},
        {"speech": {"path": "a.wav", "bytes": None}, "sentence": "ho", "n": 3},
    ]
    samples = as_samples(from_dataset(rows, {"audio": "speech", "reference_text": "sentence"}))
    rates = [s.media["audio"].sample_rate for s in samples]
    assert rates == [16000, 8000, None]
    assert [s.text("reference_text") for s in samples] == ["hi", None, "ho"]
    with pytest.raises(ManifestError, match="no column `nope`"):
        from_dataset(rows, {"audio": "nope"})


def test_data_set_columns_are_known_by_alias() -> None:
    """Without a mapping the names of manifests apply."""
    (sample,) = from_dataset([{"audio": "a.wav", "caption": "rain"}])
    assert sample == {"audio": "a.wav", "text_prompt": "rain"}
