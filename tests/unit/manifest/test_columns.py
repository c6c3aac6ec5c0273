"""Columns mean what their names say, where names leave it open what is sure, and else a sentence asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import ManifestError, UnknownNameError
from avmeter.manifest.columns import parse_columns, require_columns, resolve_columns
from avmeter.manifest.rows import Row, Table


def table(*rows: dict, path: Path = Path("t.csv")) -> Table:
    return Table(path=path, rows=tuple(Row(where=f"line {i}", cells=cells) for i, cells in enumerate(rows, start=2)))


def keys(**cells: object) -> dict[str, str]:
    return dict(resolve_columns(table(cells)).keys)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"utt_id": "u", "audio_path": "a.wav"}, {"utt_id": "id", "audio_path": "audio"}),
        ({"Video ID": "v", "File Name": "a.mp4"}, {"Video ID": "id", "File Name": "clip"}),
        ({"# YTID": "v", "wav_path": "a.wav"}, {"# YTID": "id", "wav_path": "audio"}),
        ({"audio_filepath": "a.wav", "Text-Prompt": "x"}, {"audio_filepath": "audio", "Text-Prompt": "text_prompt"}),
        ({"speaker_prompt": "s.wav"}, {"speaker_prompt": "reference_audio"}),
        ({"speaker_prompt": "a calm voice"}, {}),
        ({"audio": "a.wav", "ground_truth": "r.wav"}, {"audio": "audio", "ground_truth": "reference"}),
        ({"audio": "a.wav", "gt": "a dog"}, {"audio": "audio"}),
        ({"audio": "a.wav", "Ground-truth WAV": "r.wav"}, {"audio": "audio", "Ground-truth WAV": "reference_audio"}),
        ({"video": "a.mp4", "audio_stream": "1"}, {"video": "video", "audio_stream": "audio_stream"}),
        ({"prompt": "a dog"}, {"prompt": "text_prompt"}),
        ({"prompt": "spk/1.wav"}, {"prompt": "reference_audio"}),
        ({"text": "rain"}, {"text": "text_prompt"}),
        ({"text": "hello", "lang": "en"}, {"text": "reference_text", "lang": "language"}),
        ({"text": "hello", "speaker": "ann"}, {"text": "reference_text"}),
        ({"text": "hello", "prompt": "spk/1.wav"}, {"text": "reference_text", "prompt": "reference_audio"}),
        ({"caption": "rain", "text": "hi", "utt_id": "1"},
         {"caption": "text_prompt", "text": "reference_text", "utt_id": "id"}),
        ({"caption": "rain", "text": "rain"}, {"caption": "text_prompt"}),
        ({"transcript": "hi", "text": "hey"}, {"transcript": "reference_text", "text": "text_prompt"}),
        ({"ref_text": "hi"}, {"ref_text": "reference_text"}),
        ({"ref_text": "hi", "gen_text": "ho", "ref_audio": "a.wav"},
         {"gen_text": "reference_text", "ref_audio": "reference_audio"}),
        ({"audio": "a.wav", "file_name": "b.wav"}, {"audio": "audio"}),
        ({"id": "1", "name": "Ann", "utt_id": "x"}, {"id": "id"}),
        ({"meta": {"caption": "x", "n": 1}, "id": "1"}, {"meta.caption": "text_prompt", "id": "id"}),
        ({"audio": {"path": "a.wav", "bytes": None}}, {"audio": "audio"}),
        ({"caption": "x", "meta": {"caption": "y"}}, {"caption": "text_prompt"}),
        ({"fig.1": "x"}, {}),
    ],
)  # fmt: skip
def test_names_in_use_are_understood(columns: dict, expected: dict) -> None:
    """Aliases in any spelling; values and company decide what a name leaves open."""
    assert keys(**columns) == expected


def test_first_label_that_tells_rows_apart_is_the_id() -> None:
    """Of several columns of names the one without repetitions."""
    found = resolve_columns(table({"name": "x", "utt_id": "1"}, {"name": "x", "utt_id": "2"}))
    assert found.keys == {"utt_id": "id"}
    assert found.unused == ("name",)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"caption": "rain", "text": "hi"}, r"`caption` and `text` could both be `text_prompt`"),
        ({"caption": "rain", "prompt": "storm"}, r"`caption` and `prompt` both mean `text_prompt`"),
        ({"ID": "1", "id": "2"}, r"`ID` and `id` both mean `id`"),
        (
            {"reference": "hello there"},
            r"column `reference` means `reference`, a file, but holds texts",
        ),
    ],
)
def test_columns_that_could_mean_two_things_are_refused(columns: dict, message: str) -> None:
    """With the words that settle it."""
    with pytest.raises(ManifestError, match=message) as caught:
        keys(**columns)
    assert "--column" in caught.value.hint


def test_column_whose_files_exist_is_taken(tmp_path: Path) -> None:
    """Of two columns of paths the one that leads somewhere."""
    (tmp_path / "a.wav").touch()
    both = table({"path": "/elsewhere/a.wav", "file": "a.wav"}, path=tmp_path / "t.csv")
    assert resolve_columns(both).keys == {"file": "clip"}


def test_explicit_columns_come_first() -> None:
    """The user's word is above names and values; what had the meaning becomes an extra."""
    row = {"id": "1", "video_id": "x", "Satz": "hi", "text": "t"}
    found = resolve_columns(table(row), {"id": "video id", "reference_text": "Satz"})
    assert found.keys == {"video_id": "id", "Satz": "reference_text", "text": "text_prompt"}
    assert found.unused == ("id",)


def test_settings_are_read() -> None:
    """KEY=NAME, with names that hold an equals sign or spaces."""
    assert parse_columns(["id=video_id", "text_prompt = my=col "]) == {"id": "video_id", "text_prompt": "my=col"}
    assert parse_columns(["id=a", "id=a"]) == {"id": "a"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [(["id"], "not of the form KEY=NAME"), (["=x"], "KEY=NAME"), (["ids=x"], "unknown key `ids`"),
     (["id=a", "id=b"], "`id` is both `a` and `b`")],
)  # fmt: skip
def test_bad_settings_are_refused(settings: list[str], message: str) -> None:
    """Neither the last nor the first one wins in silence."""
    with pytest.raises((ManifestError, UnknownNameError), match=message):
        parse_columns(settings)


def test_column_that_no_table_has_is_refused() -> None:
    """The message has the columns that there are."""
    tables = [table({"a": 1}), table({"b": 1})]
    require_columns(tables, {"id": "b", "audio": "A"})
    with pytest.raises(ManifestError, match="no column `c`") as caught:
        require_columns(tables, {"id": "c"})
    assert "`a`, `b`" in caught.value.hint
    with pytest.raises(UnknownNameError, match="unknown key `ids`"):
        require_columns(tables, {"ids": "a"})
