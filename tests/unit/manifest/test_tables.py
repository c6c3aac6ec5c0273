"""Manifests: what columns mean, and what is said about mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from avmeter.errors import ManifestError
from avmeter.manifest import ManifestWarning, read_manifest
from avmeter.sample import as_samples
from support.files import written


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


def test_table_of_texts_that_were_said_and_heard_needs_no_clips(tmp_path: Path) -> None:
    """As error rates of dialogues read nothing else; one turn is a dialogue, in a CSV as JSON."""
    said, heard = ('"[{{""speaker"": ""{}"", ""text"": ""{}""}}]"'.format(*turn) for turn in (("A", "hi"), ("B", "ho")))
    text = f"id,reference_text,hyp\na,{said},{heard}\n"
    (sample,) = read_manifest(written(tmp_path / "m.csv", text))
    assert sample["reference_text"] == [{"speaker": "A", "text": "hi"}]
    assert sample["given_transcript"] == [{"speaker": "B", "text": "ho"}]


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


def test_row_whose_path_is_in_an_object_goes_by_it(tmp_path: Path) -> None:
    """As the rows of a data set have it."""
    path = written(tmp_path / "m.jsonl", '{"audio": {"path": "a.wav", "bytes": null}}')
    assert read_manifest(path) == [{"audio": str(tmp_path / "a.wav"), "id": "a.wav"}]
