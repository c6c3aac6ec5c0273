"""Names that contradict the assignment are pointed out, accidents are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.manifest.crossed import crossed_ids, crossed_partners, crossed_texts
from avmeter.manifest.folders import MediaFile


def files(*names: str) -> list[MediaFile]:
    return [MediaFile(path=Path(n), name=n) for n in names]


def test_partner_of_another_name_is_crossed_if_the_own_one_is_there() -> None:
    """Lists whose names fit are compared; others say nothing."""
    assert crossed_partners(files("a.wav", "b.wav"), files("b.flac", "a.flac")) == [
        "a.wav with b.flac", "b.wav with a.flac",
    ]  # fmt: skip
    assert crossed_partners(files("a.wav", "b.wav"), files("a.mp3", "b.mp3")) == []
    assert crossed_partners(files("a.wav", "b.wav"), files("r1.wav", "r2.wav")) == []
    assert crossed_partners(files("a.wav", "b.wav"), [*files("r1.wav"), None]) == []


@pytest.mark.parametrize(
    ("names", "texts", "num_crossed"),
    [
        (["a.wav", "b.wav"], ["caption of b", "caption of a"], 2),
        (["dog.wav", "rain.wav"], ["Rain, heavy", "a DOG barks"], 2),
        (["big_dog.wav", "x/small_cat.wav", "c.wav"], ["small cat", "big dog", "wind"], 2),
        (["a.wav", "b.wav", "c.wav", "d.wav"], ["caption of b", "caption of c", "caption of d", "end"], 3),
        (["a.wav", "b.wav"], ["caption of a", "caption of b"], 0),
        (["a.wav", "b.wav"], ["rain", "a dog barks"], 0),
        (["dog.wav", "rain.wav"], ["a dog in the rain", "rain falls"], 0),
        (["dog.wav", "rain.wav"], ["a dog barks", "a dog in a storm"], 0),
        (["1.wav", "2.wav"], ["2 dogs", "1 cat"], 0),
        (["dog.wav", "doggy.wav"], ["doggydog", None], 0),
        (["a.wav", "b.wav", "c.wav"], ["a dog barks", "rain on a roof", "a door closes"], 0),
        (["a.wav", "b.wav", "i.wav"], ["I hear a dog", "rain on a roof", "I hear a door"], 0),
        (["m/a.wav", "m/b.wav", "n/a.wav", "n/b.wav"], ["caption of b", "caption of a"] * 2, 4),
    ],
)
def test_texts_that_name_each_others_clips_are_crossed(names: list, texts: list, num_crossed: int) -> None:
    """A circle of names, or more foreign names than own; one mention, or a word of several texts, is no sign."""
    assert len(crossed_texts(names, texts)) == num_crossed


def test_ids_that_name_each_others_files_are_crossed() -> None:
    """Ids of another kind, and ids of the own file, say nothing."""
    crossed = [{"id": "a", "audio": "gen/b.wav"}, {"id": "b", "audio": "gen/a.wav"}]
    assert crossed_ids(crossed) == ["b.wav with a", "a.wav with b"]
    assert crossed_ids([{"id": "1", "audio": "gen/b.wav"}, {"id": "2", "audio": "gen/a.wav"}]) == []
    assert crossed_ids([{"id": "x/a", "audio": "gen/x/a.wav"}, {"audio": "gen/b.wav"}]) == []
    assert crossed_ids([{"id": "a", "audio": "m1/a.wav"}, {"id": "a-2", "audio": "m2/a.wav"}]) == []
