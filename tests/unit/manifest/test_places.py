"""Inputs named by paths, ranges, patterns and URLs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from avmeter.errors import ManifestError
from avmeter.files import Url
from avmeter.manifest.places import expand_places, is_folder_at, list_place, named_urls, read_place
from avmeter.media.extensions import MEDIA_EXTENSIONS
from avmeter.sample import RemoteAccess

ACCESS = RemoteAccess()


@pytest.fixture
def store() -> Iterator[None]:
    """Objects of the store in memory."""
    import fsspec

    files = fsspec.filesystem("memory")
    for name in ("set/10.wav", "set/2.wav", "set/x/a b.mp4", "set/.hidden.wav", "set/readme.md", "t.csv"):
        files.pipe_file(f"/places/{name}", b"a,b\n")
    yield
    files.rm("/places", recursive=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/{000..002}.tar", ["a/000.tar", "a/001.tar", "a/002.tar"]),
        ("{9..11}", ["9", "10", "11"]),
        ("{2..1}{0..1}", ["20", "21", "10", "11"]),
        ("{a,b}.wav", ["{a,b}.wav"]),
    ],
)
def test_ranges_count_as_in_a_shell(name: str, expected: list[str]) -> None:
    """Also where no shell has done it: in quotes, and in URLs."""
    assert expand_places(name, ACCESS) == [Path(e) for e in expected]
    assert expand_places([f"s3://b/{name}"], ACCESS) == [Url(f"s3://b/{e}") for e in expected]


def test_file_called_like_a_range_is_that_file(tmp_path: Path) -> None:
    """Nothing that is there is read as something else."""
    (tmp_path / "{1..3}.wav").touch()
    assert expand_places(tmp_path / "{1..3}.wav", ACCESS) == [tmp_path / "{1..3}.wav"]


def test_range_of_millions_of_millions_is_refused() -> None:
    """A slip of the pen does not fill the memory."""
    for name in ("{0..99999999999}", "{0..99999}{0..99999}"):
        with pytest.raises(ManifestError, match="at most 1000000 are read"):
            expand_places(name, ACCESS)


def test_pattern_in_a_url_is_looked_up_in_the_store(store: None) -> None:
    """As a shell does for files; in natural order."""
    found = expand_places("memory://places/set/*.wav", ACCESS)
    assert [str(p) for p in found] == [f"memory://places/set/{n}.wav" for n in ("2", "10")]
    with pytest.raises(ManifestError, match="nothing there has such a name"):
        expand_places("memory://places/*.flac", ACCESS)


def test_prefix_is_listed_like_a_folder(store: None) -> None:
    """In natural order, hidden files and other files aside."""
    listing = list_place(Url("memory://places/set/"), MEDIA_EXTENSIONS, ACCESS)
    assert [f.name for f in listing.files] == ["2.wav", "10.wav", "x/a b.mp4"]
    assert listing.files[2].text == "memory://places/set/x/a b.mp4"
    assert listing.ignored == (".hidden.wav", "readme.md")


def test_kinds_of_places(store: None, tmp_path: Path) -> None:
    """A slash at the end says folder; on the web, that none can be listed."""
    assert is_folder_at(tmp_path, ACCESS)
    assert is_folder_at(Url("memory://places/set"), ACCESS)
    assert not is_folder_at(Url("memory://places/t.csv"), ACCESS)
    assert not is_folder_at(Url("https://h/a"), ACCESS)
    with pytest.raises(ManifestError, match="no folders that can be listed"):
        is_folder_at(Url("https://h/set/"), ACCESS)


def test_urls_are_named_below_the_folder_that_they_share() -> None:
    """As files given one by one are."""
    urls = [Url("https://h/set/a.wav?sig=S"), Url("https://h/set/x/b.wav")]
    assert [f.name for f in named_urls(urls)] == ["a.wav", "x/b.wav"]
    assert [f.name for f in named_urls(urls[:1])] == ["a.wav"]
    assert [f.name for f in named_urls([*urls, Url("s3://b/c.wav")])] == [
        "https/h/set/a.wav", "https/h/set/x/b.wav", "s3/b/c.wav"
    ]  # fmt: skip


def test_table_that_cannot_be_fetched_is_an_error_of_the_manifest(store: None) -> None:
    """With the reason of the store."""
    assert read_place(Url("memory://places/t.csv"), ACCESS) == b"a,b\n"
    with pytest.raises(ManifestError, match="no such file in the store"):
        read_place(Url("memory://places/none.csv"), ACCESS)
