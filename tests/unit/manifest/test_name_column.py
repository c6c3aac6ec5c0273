"""The column of names is the one whose values are names of clips."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest.columns import resolve_columns
from avmeter.manifest.name_column import find_name_column, find_number_column, require_no_names, rows_of_clips
from avmeter.manifest.names import ClipNames
from avmeter.manifest.rows import Row, Table

CLIPS = ClipNames([{"id": f"{n}.wav", "audio": f"gen/{n}.wav"} for n in ("a", "b", "c", "d")])


def table(**columns: list) -> Table:
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    return Table(path=Path("t.csv"), rows=tuple(Row(where=f"line {i}", cells=r) for i, r in enumerate(rows, start=2)))


def found(t: Table, explicit: str | None = None) -> str | None:
    named = find_name_column(t, resolve_columns(t), CLIPS, explicit=explicit)
    return None if named is None else named.column


def test_column_that_names_most_clips_is_taken() -> None:
    """A few accidental names in another column do not count, nor do references and texts."""
    t = table(
        caption=["b", "a", "d", "c"], label=["a", "x", "y", "z"], who=["a", "b", "c", "d"],
        reference=["b.wav", "a.wav", "d.wav", "c.wav"],
    )  # fmt: skip
    assert found(t) == "who"
    assert found(table(caption=["a", "b"], mood=["x", "y"])) is None


def test_table_of_a_larger_set_is_understood() -> None:
    """Rows of clips that are not there are no reason against the column."""
    assert found(table(vid=["q", "a", "r", "c", "s"], caption=list("12345"))) == "vid"


def test_columns_that_agree_are_no_conflict() -> None:
    """`id` and `file` of the same clips."""
    assert found(table(file=["a.wav", "b.wav"], id=["a", "b"])) == "file"


def test_explicit_column_without_names_is_refused() -> None:
    """What it holds and what the clips are called stand side by side."""
    with pytest.raises(ManifestError, match=r"column `mood` has x, y; clips are a\.wav, b\.wav, c\.wav \.\.\."):
        found(table(mood=["x", "y"], id=["a", "b"]), explicit="mood")


@pytest.mark.parametrize(
    ("values", "may_go_by_position"),
    [
        (["0", "1", "2"], True), ([1, 2, 3], True), (["x", "x", "y"], True), (["0.5", "1.5", "2.5"], True),
        (["some words", "more words", "other words"], True), ([True, False, True], True),
        (["q1", "q2", "q3"], False), (["2", "0", "1"], False), (["x", "y z", "w"], True),
    ],
)  # fmt: skip
def test_what_may_be_a_name_forbids_the_position(values: list, may_go_by_position: bool) -> None:
    """Running numbers, repetitions, fractions and sentences are no names."""
    t = table(other=values, caption=["1", "2", "3"])
    if may_go_by_position:
        require_no_names(t, resolve_columns(t), CLIPS)
    else:
        with pytest.raises(ManifestError, match="the rows name no clip: column `other` has"):
            require_no_names(t, resolve_columns(t), CLIPS)


def test_numbers_of_a_series() -> None:
    """A column of numbers names the clips of a series where all of either side fit."""
    series = ClipNames([{"id": f"s{i}.wav"} for i in (1, 2, 3)])
    t = table(id=[3.0, 1.0], caption=["x", "y"])
    named = find_number_column(t, resolve_columns(t), series)
    assert named is not None
    assert rows_of_clips(named) == {2: [0], 0: [1]}
    assert find_number_column(t, resolve_columns(t), CLIPS) is None
    assert find_number_column(table(seed=[1, 2]), resolve_columns(table(seed=[1, 2])), series) is None


def test_rows_that_name_a_clip_alike_share_it() -> None:
    """A row that names it more loosely has none."""
    t = table(vid=["a", "a.wav", "a.wav", "B"], caption=list("1234"))
    named = find_name_column(t, resolve_columns(t), CLIPS, explicit=None)
    assert named is not None
    assert named.num_clips == 2
    assert rows_of_clips(named) == {0: [1, 2], 1: [3]}


@pytest.mark.parametrize("header", ["start_time", "Start Seconds", "seed", "duration"])
def test_measures_name_nothing(header: str) -> None:
    """Seconds that happen to be the names of clips are refused as names, and do not hide that nothing is named."""
    clips = ClipNames([{"id": f"{n:03d}.wav"} for n in (1, 2, 10)])
    t = table(**{"youtube_id": ["q", "r", "s"], header: [10, 1, 2], "caption": ["x", "y", "z"]})
    assert find_name_column(t, resolve_columns(t), clips, explicit=None) is None
    with pytest.raises(ManifestError, match="column `youtube_id` has q, r, s"):
        require_no_names(t, resolve_columns(t), clips)


def test_row_of_the_same_folder_comes_before_one_of_another() -> None:
    """`x/a.wav` is a clip that is not there, and takes nothing from the row of `a`."""
    t = table(vid=["x/a.wav", "a", "b"], caption=list("123"))
    named = find_name_column(t, resolve_columns(t), CLIPS, explicit=None)
    assert named is not None
    assert rows_of_clips(named) == {0: [1], 1: [2]}


def test_clips_named_by_a_measure_do_not_go_by_position() -> None:
    """A column of seeds is not taken for names; where it contradicts the position, neither is guessed."""
    clips = ClipNames([{"id": f"{seed}.wav", "audio": f"{seed}.wav"} for seed in (10, 20)])
    crossed = table(seed=["20", "10"], caption=["x", "y"])
    with pytest.raises(ManifestError, match="column `seed` has the names of all clips"):
        require_no_names(crossed, resolve_columns(crossed), clips)
    in_order = table(seed=["10", "20"], caption=["x", "y"])
    require_no_names(in_order, resolve_columns(in_order), clips)
