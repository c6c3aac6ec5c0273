"""A cell names a clip in any usual spelling, never a stranger."""

from __future__ import annotations

import unicodedata

import pytest

from avmeter.manifest.names import ClipNames, parts_of

CLIPS = [
    {"id": "x/a.wav", "audio": "/data/gen/x/a.wav"},
    {"id": "y/b.wav", "audio": "/data/gen/y/b.wav"},
    {"id": "007.wav", "audio": "/data/gen/007.wav"},
    {"id": "take.1.wav", "audio": "/data/gen/take.1.wav"},
    {"id": "clip.mp4.wav", "audio": "/data/gen/clip.mp4.wav"},
    {"id": "Tür.wav", "audio": "/data/gen/Tür.wav"},
    {"id": "1e5.wav", "audio": "/data/gen/1e5.wav"},
    {"id": "-z.wav", "audio": "/data/gen/-z.wav"},
]


@pytest.mark.parametrize(
    ("cell", "position"),
    [
        ("x/a.wav", 0), ("x/a", 0), ("a", 0), ("a.mp4", 0), ("./x/a.wav", 0), (" x/a.wav ", 0), ("x\\a.wav", 0),
        ("gen/x/a.wav", 0), ("/elsewhere/x/a.flac", 0), ("C:\\sets\\x\\a.wav", 0), ('"a.wav"', 0), ("“a”", 0),
        ("\ufeffa", 0), ({"path": "x/a.wav", "bytes": None}, 0), ("'-z", 7), ("A.WAV", 0), ("X/A", 0), ("y/b", 1),
        ("007", 2), ("7", 2), (7, 2), (7.0, 2), ("7.0", 2), ("take.1", 3), ("take.1.mp3", 3),
        ("clip.mp4", 4), ("clip", 4), ("clip.mp4.wav", 4),
        (unicodedata.normalize("NFD", "Tür.wav"), 5), (unicodedata.normalize("NFD", "tür"), 5),
        ("1e5", 6), ("100000", 6), ("1.00E+05", 6), (100000, 6),
    ],
)  # fmt: skip
def test_cell_names_its_clip(cell: object, position: int) -> None:
    """With or without folder, extension, quotes, Unicode form, case and what a spreadsheet does to numbers."""
    found = ClipNames(CLIPS).find(cell)
    assert found is not None
    assert found.positions == (position,)


@pytest.mark.parametrize("cell", ["y/a.wav", "other/b", "take", "take.2", "", " ", "8", True, None, ["a"], "a b", "e5"])
def test_cell_of_another_name_names_nothing(cell: object) -> None:
    """Another folder, another number, or what is no name at all."""
    assert ClipNames(CLIPS).find(cell) is None


def test_strict_spelling_wins() -> None:
    """Where a clip has exactly the name, looser candidates are no rivals."""
    clips = ClipNames(
        [{"id": i, "audio": i} for i in ("a.wav", "A.wav", "clip.wav", "clip.mp4.wav", "7.wav", "07.wav")]
    )
    cells = ("a", "A", "clip", "clip.mp4", "7", "07")
    assert [clips.find(c).positions for c in cells] == [(i,) for i in range(6)]  # type: ignore[union-attr]
    assert clips.find("007") is None


def test_name_of_clips_that_differ_by_extension_is_both() -> None:
    """One caption serves a.wav and a.flac; with an extension it serves one."""
    clips = ClipNames([{"id": "a.wav", "audio": "a.wav"}, {"id": "a.flac", "audio": "a.flac"}])
    assert clips.find("a").positions == (0, 1)  # type: ignore[union-attr]
    assert clips.find("a.flac").positions == (1,)  # type: ignore[union-attr]


def test_bare_name_of_two_clips_names_neither() -> None:
    """`a` is either of x/a and y/a; with its folder, or beside a clip of just this name, it is one."""
    clips = [{"id": "x/a.wav", "audio": "g/x/a.wav"}, {"id": "y/a.wav", "audio": "g/y/a.wav"}]
    assert ClipNames(clips).find("a") is None
    assert ClipNames(clips).find("y/a").positions == (1,)  # type: ignore[union-attr]
    assert ClipNames([*clips, {"id": "a.wav", "audio": "g/a.wav"}]).find("a").positions == (2,)  # type: ignore[union-attr]


def test_id_and_path_both_name_a_clip() -> None:
    """A sample of a table is found by its id and by its file."""
    clips = ClipNames([{"id": "1", "audio": "gen/zzz.wav"}, {"id": "2", "audio": "gen/aaa.wav"}, {"audio": "b/c.wav"}])
    assert [clips.find(c).positions for c in ("2", "zzz", "gen/aaa", "c", "b/c.wav")] == [(1,), (0,), (1,), (2,), (2,)]  # type: ignore[union-attr]


def test_better_spelling_has_smaller_looseness() -> None:
    """So that of two rows for one clip the better one can be told."""
    clips = ClipNames(CLIPS)
    order = [clips.find(c).looseness for c in ("x/a.wav", "a.wav", "x/a", "/d/x/a.wav", "X/A")]  # type: ignore[union-attr]
    assert order == sorted(order)
    assert len(set(order)) == 5


def test_huge_exponent_is_no_number() -> None:
    """A cell cannot make the comparison expensive."""
    assert parts_of("1e999999999") == ("1e999999999",)
    assert ClipNames(CLIPS).find("1e999999999") is None


@pytest.mark.parametrize(
    ("cell", "clip"),
    [
        ("-bcdefghij0", "Y-bcdefghij0.wav"), ("Y-bcdefghij0", "-bcdefghij0.wav"),
        ("abcdefghij1", "abcdefghij1_000021.mp4"),
        ("abcdefghij1", "Yabcdefghij1_30.000_40.000.wav"), ("Yabcdefghij1", "abcdefghij1_30_40.flac"),
        ("https://www.youtube.com/watch?v=abcdefghij1", "abcdefghij1.wav"),
        ("youtube.com/watch?v=-bcdefghij0", "Y-bcdefghij0.wav"),
    ],
)  # fmt: skip
def test_id_of_a_video_names_its_segment(cell: str, clip: str) -> None:
    """As AudioCaps, VGGSound and AudioSet are stored."""
    found = ClipNames([{"id": clip, "audio": clip}, {"id": "zzzzzzzzzzz.wav", "audio": "zzzzzzzzzzz.wav"}]).find(cell)
    assert found is not None
    assert (found.positions, found.is_far) == ((0,), True)


def test_id_of_a_video_with_two_segments_names_neither() -> None:
    """Nor does a segment name another one of its video."""
    clips = ClipNames([{"audio": f"abcdefghij1_{start:06}.wav"} for start in (21, 99)])
    assert clips.find("abcdefghij1") is None
    assert clips.find("abcdefghij1_000030") is None
    assert clips.find("abcdefghij1_000021") is not None


def test_clips_of_one_file_name_are_found_together() -> None:
    """For the message that asks for their folders."""
    clips = ClipNames([{"id": i, "audio": i} for i in ("mA/a.wav", "mB/a.wav", "mB/b.wav")])
    assert clips.of_file_name("a") == ("mA/a.wav", "mB/a.wav")
    assert clips.of_file_name(None) == ()
