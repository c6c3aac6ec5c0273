"""Cells become paths, texts and extras."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest.rows import Row, Table
from avmeter.manifest.values import base_folder, extra_values, file_value, text_value
from support.files import touch


@pytest.mark.parametrize("cell", ["wav/a.wav", " wav/a.wav ", "wav\\a.wav", '"wav/a.wav"', {"path": "wav/a.wav"}])
def test_path_is_found_in_usual_spellings(tmp_path: Path, cell: object) -> None:
    """Spaces, quotes and Windows separators are taken off where a file is there then."""
    touch(tmp_path, "wav/a.wav")
    assert file_value(cell, tmp_path, "line 2") == str(tmp_path / "wav/a.wav")


def test_file_of_an_odd_name_is_taken_as_it_is(tmp_path: Path) -> None:
    """A file that has the quotes in its name is that file."""
    touch(tmp_path, "'a.wav'", "a.wav")
    assert file_value("'a.wav'", tmp_path, "line 2") == str(tmp_path / "'a.wav'")


def test_media_in_a_cell_stay_media() -> None:
    """The bytes of a data set's row are not thrown away for their label."""
    cell = {"bytes": b"RIFF", "path": "a.wav"}
    assert file_value(cell, Path(), "row 0") is cell
    with pytest.raises(ManifestError, match="row 0: a int, not a path"):
        file_value(3, Path(), "row 0")


def test_paths_are_relative_to_the_table_or_else_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever has the files; the table's folder if neither or both do."""
    touch(tmp_path, "wav/a.wav")
    monkeypatch.chdir(tmp_path)
    table = Table(path=tmp_path / "lists/set.csv", rows=(Row(where="line 2", cells={"audio": "wav/a.wav", "x": "no"}),))
    assert base_folder(table, "audio") == Path()
    assert base_folder(table, "x") == tmp_path / "lists"
    touch(tmp_path, "lists/wav/a.wav")
    assert base_folder(table, "audio") == tmp_path / "lists"


def test_list_of_one_text_is_the_text() -> None:
    """Several are turns of a dialogue for `reference_text`, and too many for a prompt."""
    assert text_value(["hi"], "text_prompt", "row 0") == "hi"
    assert text_value(["hi", None], "text_prompt", "row 0") == "hi"
    assert text_value(["hi", "ho"], "reference_text", "row 0") == ["hi", "ho"]
    assert text_value(7, "reference_text", "row 0") == "7"
    turn = {"speaker": "Ann", "text": "hi"}
    assert text_value([turn], "reference_text", "row 0") == [turn]
    assert text_value('[{"speaker": "Ann", "text": "hi"}]', "given_transcript", "row 0") == [turn]
    for words in ('[{"speaker": "Ann"}]', "[{laughs} hi", "[laughs] hi", "[" * 99_999):
        assert text_value(words, "reference_text", "row 0") == words
    with pytest.raises(ManifestError, match="row 0: 2 texts, and a sample has one text_prompt"):
        text_value(["hi", "ho"], "text_prompt", "row 0")


def test_extras_never_become_keys() -> None:
    """A column called like a key, which means something else here, is not kept under that name."""
    row = Row(where="line 2", cells={"id": "1", "video_path": "x", "seed": 3, "meta": {"speaker": "ann"}})
    assert extra_values(row, ["id", "video_path", "seed", "gone", "meta.speaker"]) == {"seed": 3, "meta.speaker": "ann"}
