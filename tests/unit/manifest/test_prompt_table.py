"""A table of texts is read before the clips are known, and its header is settled when they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest.names import ClipNames
from avmeter.manifest.prompt_table import decide_columns, explicit_name, read_prompts
from support.files import written

CLIPS = ClipNames([{"audio": "gen/dog.wav"}, {"audio": "gen/rain.wav"}])


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("dog,barks\nrain,falls\n", {"column 2": "text_prompt"}),
        ("name,caption\ndog,barks\n", {"name": "id", "caption": "text_prompt"}),
        ("dog,caption\nrain,falls\n", {"caption": "text_prompt"}),
        ("vid,text,lang\ndog,hi,en\n", {"vid": "id", "text": "reference_text", "lang": "language"}),
    ],
)
def test_header_is_told_by_the_clips(tmp_path: Path, text: str, keys: dict[str, str]) -> None:
    """A first line that names a clip and no key is a row; the one column left over is the text."""
    _, columns = decide_columns(read_prompts(written(tmp_path / "p.csv", text)), CLIPS)
    assert dict(columns.keys) == keys


def test_two_unnamed_columns_are_not_guessed(tmp_path: Path) -> None:
    """Without a header, one of two columns could be the text."""
    prompts = read_prompts(written(tmp_path / "p.csv", "dog,barks,loud\nrain,falls,soft\n"))
    with pytest.raises(ManifestError, match="the first line names no columns, and 2 of them may be the text"):
        decide_columns(prompts, CLIPS)


def test_lines_stay_lines_unless_each_begins_with_a_clip(tmp_path: Path) -> None:
    """Two lines that begin with one clip's name are prompts about it."""
    table, _ = decide_columns(read_prompts(written(tmp_path / "p.txt", "dog barks\ndog howls\n")), CLIPS)
    assert table.columns == ["text_prompt"]
    table, _ = decide_columns(read_prompts(written(tmp_path / "p.txt", "rain falls\ndog barks\n")), CLIPS)
    assert table.columns == ["column 1", "column 2"]


def test_table_without_texts_is_refused_when_read(tmp_path: Path) -> None:
    """Formats whose columns always have names need no clips for that."""
    with pytest.raises(ManifestError, match="no column of texts"):
        read_prompts(written(tmp_path / "p.jsonl", '{"id": "dog", "mood": 1}'))


def test_explicit_column_counts_where_the_table_has_it(tmp_path: Path) -> None:
    """It may be meant for another table of the same command."""
    path = written(tmp_path / "p.csv", "Video ID,caption\ndog,barks\n")
    assert [explicit_name(p.table, p) for p in (read_prompts(path, {"id": n}) for n in ("video_id", "nr"))] == [
        "Video ID", None,
    ]  # fmt: skip
