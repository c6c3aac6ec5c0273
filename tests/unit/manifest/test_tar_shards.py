"""Samples of tar shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from avmeter.errors import ManifestError
from avmeter.manifest import samples_from_inputs
from avmeter.manifest.tar_shards import load_tar_shards
from avmeter.sample import RemoteAccess, StoredFile, as_samples
from avmeter.sources import open_stored
from support.packed import tar_bytes


def shard(folder: Path, members: list[tuple[str, bytes | dict[str, Any]]], name: str = "000.tar") -> Path:
    path = folder / name
    path.write_bytes(tar_bytes([(n, d if isinstance(d, bytes) else json.dumps(d).encode()) for n, d in members]))
    return path


def shown(paths: list[Path] | Path, **options: Any) -> list[dict[str, Any]]:
    """Samples with the bytes of their clips."""
    samples = samples_from_inputs(paths, **options)
    return [{k: content(v) if isinstance(v, StoredFile) else v for k, v in s.items()} for s in samples]


def content(file: StoredFile) -> bytes:
    return open_stored(file).open().read()


def test_files_of_one_name_are_a_sample(tmp_path: Path) -> None:
    """Its clips, the columns of its JSON, and its text."""
    path = shard(
        tmp_path,
        [
            ("a.mp4", b"A"), ("a.json", {"rating": "x", "id": 7, "video": "old.mp4"}), ("a.txt", b"a dog\n"),
            ("x/b.flac", b"B"), ("x/b.txt", b"a cat"), ("readme.md", b""),
        ],
    )  # fmt: skip
    assert shown(path) == [
        {"id": "a", "video": b"A", "rating": "x", "text_prompt": "a dog"},
        {"id": "x/b", "audio": b"B", "text_prompt": "a cat"},
    ]


def test_names_with_dots(tmp_path: Path) -> None:
    """What stands before the extension is a column if it is known as one, and else a part of the name."""
    path = shard(
        tmp_path,
        [
            ("take.1.wav", b"1"), ("take.1.json", {"caption": "one"}),
            ("take.2.wav", b"2"), ("take.2.json", {"caption": "two"}),
            ("7.generated.wav", b"g"), ("7.gt.wav", b"r"), ("7.json", {"caption": "seven"}),
            ("8.a.wav", b"a"), ("8.b.wav", b"b"), ("8.json", {"caption": "eight"}),
            ("9.mp4", b"v"), ("9.wav", b"s"), ("9.reference.mp4", b"r"),
        ],
    )  # fmt: skip
    assert shown(path) == [
        {"id": "take.1", "audio": b"1", "text_prompt": "one"},
        {"id": "take.2", "audio": b"2", "text_prompt": "two"},
        {"id": "7", "audio": b"g", "reference_audio": b"r", "text_prompt": "seven"},
        {"id": "8.a", "audio": b"a", "text_prompt": "eight"},
        {"id": "8.b", "audio": b"b", "text_prompt": "eight"},
        {"id": "9", "audio": b"s", "video": b"v", "reference": b"r"},
    ]


def test_same_names_in_several_shards_are_told_apart(tmp_path: Path) -> None:
    """By the shard, only where that is needed."""
    paths = [
        shard(tmp_path, [("a.wav", b"0"), ("b.wav", b"1")], "000.tar"),
        shard(tmp_path, [("a.wav", b"2"), ("c.wav", b"3")], "001.tar"),
    ]
    assert [(s["id"], s["audio"]) for s in shown(paths)] == [("000/a", b"0"), ("b", b"1"), ("001/a", b"2"), ("c", b"3")]


def test_name_that_occurs_twice_is_scored_twice_and_said(tmp_path: Path) -> None:
    """Neither of the two is dropped in silence."""
    path = shard(tmp_path, [("a.wav", b"0"), ("a.wav", b"1"), ("b.wav", b"2"), ("b.flac", b"3")])
    with pytest.warns(UserWarning, match=r"a\.wav is in the shard twice"):
        samples = shown(path)
    assert [(s["id"], s["audio"]) for s in samples] == [
        ("000/a", b"0"), ("000/a#2", b"1"), ("b.wav", b"2"), ("b.flac", b"3")
    ]  # fmt: skip


def test_names_that_climb_are_only_names(tmp_path: Path) -> None:
    """Nothing is written or read under them."""
    path = shard(tmp_path, [("../../etc/passwd.wav", b"0"), ("/abs.wav", b"1"), ("x\\..\\y.wav", b"2")])
    assert [(s["id"], s["audio"]) for s in shown(path)] == [
        ("../../etc/passwd", b"0"), ("/abs", b"1"), ("x\\..\\y", b"2")
    ]  # fmt: skip
    assert list(tmp_path.iterdir()) == [path]


def test_shard_that_breaks_off_keeps_its_samples_and_is_named(tmp_path: Path) -> None:
    """What is whole is scored; the clip that is cut is a skip, or gone, and the warning says so."""
    path = shard(tmp_path, [("a.wav", b"0" * 600), ("b.wav", b"1" * 600)])
    path.write_bytes(path.read_bytes()[:2200])
    with pytest.warns(UserWarning, match=r"000\.tar: breaks off"):
        samples = samples_from_inputs(path)
    assert content(samples[0]["audio"]) == b"0" * 600
    with pytest.raises(ManifestError, match="breaks off"):
        samples_from_inputs(path, strict=True)


def test_texts_that_cannot_be_read_cost_their_clip_the_texts(tmp_path: Path) -> None:
    """And are said; the clip is scored."""
    path = shard(
        tmp_path,
        [("a.wav", b"0"), ("a.json", b"{"), ("b.wav", b"1"), ("b.json", b"[1]"), ("c.wav", b"2"), ("c.txt", b"\xff")],
    )
    with pytest.warns(UserWarning, match=r"a\.json cannot be read"):
        samples = shown(path)
    assert samples == [{"id": i, "audio": d} for i, d in (("a", b"0"), ("b", b"1"), ("c", b"2"))]


def test_shards_without_samples_are_an_error(tmp_path: Path) -> None:
    """With what is wrong with them."""
    path = tmp_path / "000.tar"
    path.write_bytes(b"RIFF" * 1000)
    with pytest.raises(ManifestError, match=r"no samples .*damaged"):
        load_tar_shards([path], None, RemoteAccess())
    with pytest.raises(ManifestError, match="no such file"):
        samples_from_inputs(tmp_path / "none.tar")


def test_column_of_json_may_be_named(tmp_path: Path) -> None:
    """As those of other tables."""
    path = shard(tmp_path, [("a.wav", b"0"), ("a.json", {"said": "hello"})])
    samples = as_samples(samples_from_inputs(path, columns={"reference_text": "said"}))
    assert samples[0].text("reference_text") == "hello"
