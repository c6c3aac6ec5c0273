"""Texts find their clips by name, and by position only where nothing names anything."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from avmeter.errors import ManifestError
from avmeter.manifest import PairingWarning, attach_prompts, read_prompts, samples_from_inputs
from support.files import touch, written

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
    prompts = read_prompts(written(tmp_path / "p.json", '{"b": "two", "x/a": "one"}'))
    assert len(prompts) == 2
    with pytest.warns(PairingWarning, match="y/a"):
        first, _, third = attach_prompts(SAMPLES, prompts)
    assert (first["text_prompt"], third["text_prompt"]) == ("one", "two")


def test_ambiguous_and_unknown_prompt_names_are_reported(tmp_path: Path) -> None:
    """A bare name that fits two clips is given to neither."""
    path = written(tmp_path / "p.csv", "id,prompt\na,1\nb,2\nghost,3\n")
    with pytest.warns(PairingWarning) as caught:
        found = attach_prompts(SAMPLES, path)
    report = caught[0].message.report  # type: ignore[union-attr]
    assert report.unknown_prompts == ("a", "ghost")
    assert report.without_prompt == ("x/a.wav", "y/a.wav")
    assert ["text_prompt" in s for s in found] == [False, False, True]
    with pytest.raises(ManifestError, match="ghost"):
        attach_prompts(SAMPLES, path, strict=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "id,prompt\nb,1\nb,2\n",
            r"line 3: `b\.mp4` was named before, in line 2, with another text_prompt: '1'",
        ),
        ("id,prompt\nb,1\n,2\n", "line 3: no `id`"),
        ("id,mood\nb,1\n", r"no column of texts \(columns: `id`, `mood`\)"),
        ("id,prompt\nq,1\nr,2\n", r"the rows name no clip: column `id` has q, r; clips are x/a\.wav, y/a\.wav, b\.mp4"),
        ("vid,prompt\nq,1\nr,2\ns,3\n", r"the rows name no clip: column `vid` has q, r, s"),
        ("prompt,fps\n1,\n2,\n", "2 prompts for 3 clips"),
    ],
)
def test_bad_prompt_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """With line and column."""
    with pytest.raises(ManifestError, match=message):
        attach_prompts(SAMPLES, written(tmp_path / "p.csv", text))


@pytest.mark.parametrize("header", ["youtube_id", "video_id", "vid", "utt_id", "# YTID", "whatever", "Dateiname"])
def test_column_of_names_is_found_by_its_values(tmp_path: Path, header: str) -> None:
    """AudioCaps' table beside a folder: each clip has its own caption, whatever the column of names is called."""
    clips = [{"id": name, "audio": f"gen/{name}"} for name in ("Yaaa.wav", "Yzzz.wav")]
    text = f"audiocap_id,{header},start_time,caption\n1,Yzzz,30,caption of zzz\n2,Yaaa,30,caption of aaa\n"
    found = attach_prompts(clips, written(tmp_path / "p.csv", text), strict=True)
    assert [s["text_prompt"] for s in found] == ["caption of aaa", "caption of zzz"]
    assert [s["start_time"] for s in found] == ["30", "30"]
    assert found.pairing.lines() == [
        f"2 clips; 2 of 2 captions by column {header}; columns not used: audiocap_id, start_time"
    ]


THREE = [{"id": name, "audio": f"gen/{name}"} for name in ("a.wav", "b.wav", "007.wav")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.csv", "\ufeffvideo_id,caption\na,1\nb,2\n007,3\n"),
        ("p.csv", '"video_id";"caption"\r\n"a";"1"\r\n"b ";"2"\r\n"007";"3"\r\n'),
        ("p.csv", "vid,caption\nA.WAV,1\nB,2\n7,3\n"),
        ("p.tsv", "caption\tpath\n1\tdata\\gen\\a.wav\n2\t/data/b.mp4\n3\tgen/007.wav\n"),
        ("p.csv", "a.wav,1\nb.wav,2\n007.wav,3\n"),
        ("p.csv", "a;1\nb;2\n7;3\n"),
        ("p.csv", "id,caption\na,1\na,1\nb,2\n007,3\n,\n"),
        ("p.csv", "id,caption\na.wav,1\nb.wav,2\n7.0,3\n"),
        ("p.txt", "a|1\nb|2\n007|3\n"),
        ("p.txt", "b\t2\na\t1\n007\t3\n"),
        ("p.txt", "007 3\nb 2\na 1\n"),
        ("p.jsonl", '{"meta": {"id": "a"}, "caption": "1"}\n{"meta": {"id": "b"}, "caption": "2"}\n'
                    '{"meta": {"id": 7}, "caption": "3"}\n'),
        ("p.json", '{"data": [{"id": "a", "caption": ["1"]}, {"id": "b", "caption": "2"}, {"id": 7, "caption": "3"}]}'),
        ("p.json", '{"b": ["2"], "a": "1", "007": {"caption": "3", "seed": 4}}'),
    ],
)  # fmt: skip
def test_cells_in_usual_spellings_find_their_clips(tmp_path: Path, name: str, text: str) -> None:
    """Byte order marks, quotes, spaces, case, numbers of spreadsheets, Windows paths, no header, nested objects."""
    found = attach_prompts(THREE, written(tmp_path / name, text), strict=True)
    assert [s["text_prompt"] for s in found] == ["1", "2", "3"]


def test_parquet_with_lists_and_numbers(tmp_path: Path) -> None:
    """A list of one caption is that caption; several captions of one clip are refused by place."""
    rows = [{"clip": "b", "caption": ["2"]}, {"clip": "a", "caption": ["1"]}, {"clip": "007", "caption": ["3"]}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet")
    assert [s["text_prompt"] for s in attach_prompts(THREE, tmp_path / "p.parquet")] == ["1", "2", "3"]
    rows[1]["caption"].append("4")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet")
    with pytest.raises(ManifestError, match="row 1, column `caption`: 2 texts, and a sample has one text_prompt"):
        attach_prompts(THREE, tmp_path / "p.parquet")


def test_explicit_column_decides(tmp_path: Path) -> None:
    """Where two columns name clips crosswise, a sentence asks, and the user's word is followed."""
    path = written(tmp_path / "p.csv", "left,right,caption\na,b,1\nb,a,2\n007,7,3\n")
    with pytest.raises(ManifestError, match=r"`left` and `right` both name clips, and disagree in 2 rows; line 2"):
        attach_prompts(THREE, path)
    found = attach_prompts(THREE, path, columns={"id": "right"})
    assert [s["text_prompt"] for s in found] == ["2", "1", "3"]
    with pytest.raises(ManifestError, match="no column `middle`, which should be `id`"):
        attach_prompts(THREE, path, columns={"id": "middle"})


def test_known_header_is_no_rival_of_an_unknown_one(tmp_path: Path) -> None:
    """A column `id` that names the clips decides against another column with names in it."""
    path = written(tmp_path / "p.csv", "source,id,caption\nb,a,1\na,b,2\n007,7,3\n")
    assert [s["text_prompt"] for s in attach_prompts(THREE, path)] == ["1", "2", "3"]


def test_rows_that_name_something_go_by_position_only_on_request(tmp_path: Path) -> None:
    """`pairing="order"` takes rows in the order of the clips, whatever they name."""
    path = written(tmp_path / "p.csv", "vid,caption\nq1,1\nq2,2\nq3,3\n")
    with pytest.raises(ManifestError, match="name no clip"):
        attach_prompts(THREE, path)
    found = attach_prompts(THREE, path, pairing="order")
    assert [s["text_prompt"] for s in found] == ["1", "2", "3"]
    assert [s["vid"] for s in found] == ["q1", "q2", "q3"]


def test_numbers_of_a_series_name_its_clips(tmp_path: Path) -> None:
    """A column `index` that counts like the file names is read as their number, not as a position."""
    clips = [{"id": f"s_{i}.wav", "audio": f"gen/s_{i}.wav"} for i in range(3)]
    found = attach_prompts(clips, written(tmp_path / "p.csv", "index,prompt\n2,c\n0,a\n1,b\n"))
    assert [s["text_prompt"] for s in found] == ["a", "b", "c"]
    with pytest.raises(ManifestError, match=r"two orders .*by number, index 1 is s_1\.wav; by position, line 2 is s_0"):
        attach_prompts(clips, written(tmp_path / "p.csv", "index,prompt\n1,a\n2,b\n3,c\n"))


def test_running_numbers_are_the_position(tmp_path: Path) -> None:
    """The index that pandas writes names nothing; another order of it is refused."""
    found = attach_prompts(THREE, written(tmp_path / "p.csv", "idx,prompt\n0,1\n1,2\n2,3\n"))
    assert [s["text_prompt"] for s in found] == ["1", "2", "3"]
    with pytest.raises(ManifestError, match="column `idx` has 2, 1, 0"):
        attach_prompts(THREE, written(tmp_path / "p.csv", "idx,prompt\n2,1\n1,2\n0,3\n"))


def test_better_spelling_has_the_clip(tmp_path: Path) -> None:
    """Of rows for a.wav and A.wav the exact one counts, and the other one is named."""
    path = written(tmp_path / "p.csv", "id,caption\nA.wav,0\na.wav,1\nb,2\n007,3\n")
    with pytest.warns(PairingWarning, match=r"match no clip, or several: A\.wav"):
        found = attach_prompts(THREE, path)
    assert [s["text_prompt"] for s in found] == ["1", "2", "3"]


def test_references_and_language_of_a_table_are_attached(tmp_path: Path) -> None:
    """A table of speech gives transcripts, speaker prompts and languages; paths are relative to the table."""
    text = "utt_id,text,speaker_prompt,lang\na,one,spk/1.wav,en\nb,two,spk/2.wav,de\n007,three,spk/1.wav,fr\n"
    found = attach_prompts(THREE, written(tmp_path / "p.csv", text))
    assert [s["reference_text"] for s in found] == ["one", "two", "three"]
    assert found[1]["reference_audio"] == str(tmp_path / "spk/2.wav")
    assert [s["language"] for s in found] == ["en", "de", "fr"]
    assert found.pairing.lines() == [
        "3 clips; 3 of 3 transcripts, 3 of 3 references of sound by column utt_id",
        "column text read as reference_text",
    ]


def test_own_text_stays_and_is_pointed_out(tmp_path: Path) -> None:
    """A sample's own text wins over the table's; where they differ, that is said."""
    clips = [{"audio": "a.wav", "text_prompt": "mine"}, {"audio": "b.wav"}]
    with pytest.warns(PairingWarning, match=r"1 with a text of its own.*a\.wav"):
        found = attach_prompts(clips, written(tmp_path / "p.csv", "id,prompt\na,other\nb,2\n"))
    assert [s["text_prompt"] for s in found] == ["mine", "2"]


def test_crossed_texts_are_pointed_out(tmp_path: Path) -> None:
    """Rows that go by position and bear the names of each other's clips are doubtful; strict refuses them."""
    clips = [{"audio": "dog.wav"}, {"audio": "rain.wav"}]
    path = written(tmp_path / "p.txt", "heavy rain\na dog barks\n")
    with pytest.warns(PairingWarning, match=r"dog\.wav has the text of rain\.wav"):
        attach_prompts(clips, path)
    with pytest.raises(ManifestError, match="crossed"):
        attach_prompts(clips, path, strict=True)


def test_references_of_a_table_name_the_clips_where_nothing_else_does(tmp_path: Path) -> None:
    """A column of references called like the clips is no reason to go by position."""
    path = written(tmp_path / "p.csv", "reference,caption\nref/b.wav,2\nref/a.wav,1\nref/007.wav,3\n")
    found = attach_prompts(THREE, path)
    assert [s["text_prompt"] for s in found] == ["1", "2", "3"]
    assert found[0]["reference"] == str(tmp_path / "ref/a.wav")


def test_texts_that_are_the_names_of_all_clips_go_by_name(tmp_path: Path) -> None:
    """Classes as prompts: the line `dog` belongs to dog.wav, wherever it stands."""
    clips = [{"audio": "gen/dog.wav"}, {"audio": "gen/rain.wav"}]
    found = attach_prompts(clips, written(tmp_path / "p.txt", "rain\ndog\n"), strict=True)
    assert [s["text_prompt"] for s in found] == ["dog", "rain"]


def test_far_spellings_are_noted(tmp_path: Path) -> None:
    """Case and numbers are bridged, and it is said where."""
    found = attach_prompts(THREE, written(tmp_path / "p.csv", "vid,caption\nA,1\nb,2\n7,3\n"))
    assert found.pairing.lines()[1:] == [
        "names that differ in case, in a number or in the form of an id: A = a.wav, 7 = 007.wav"
    ]


@pytest.mark.parametrize(("name", "text"), [("p.csv", "vid,caption\na,1\nb,\n007,3\n"), ("p.txt", "1\n\n3\n")])
def test_clip_whose_row_has_no_text_is_named(tmp_path: Path, name: str, text: str) -> None:
    """An empty cell and an empty line are no text, and take no other clip's."""
    with pytest.warns(PairingWarning, match=r"1 without a text in the table of prompts: b\.wav"):
        found = attach_prompts(THREE, written(tmp_path / name, text))
    assert [s.get("text_prompt") for s in found] == ["1", None, "3"]


def test_folders_of_several_models_share_the_names_of_a_table(tmp_path: Path) -> None:
    """A name without a folder is that of one clip in each, if all folders hold the same names; else it is nobody's."""
    gen = touch(tmp_path / "gen", *(f"{model}/{name}.wav" for model in ("mA", "mB") for name in ("a", "b")))
    table = written(tmp_path / "p.csv", "youtube_id,caption\nb,B\na,A\n")
    samples = samples_from_inputs(gen, prompts=table, strict=True)
    texts = {s["id"]: s["text_prompt"] for s in samples}
    assert texts == {"mA/a.wav": "A", "mA/b.wav": "B", "mB/a.wav": "A", "mB/b.wav": "B"}
    assert "one in each" in samples.pairing.lines()[1]
    touch(gen, "mB/c.wav")
    with pytest.raises(ManifestError, match="have one file name"):
        samples_from_inputs(gen, prompts=table)
