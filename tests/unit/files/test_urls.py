"""URLs, as they are opened, printed and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from avmeter.files import Url, as_location, as_url, without_credentials

SIGNED = "https://user:hunter2@host/set/a%20b.wav?id=7&X-Amz-Signature=SECRET&X-Amz-Expires=60#part"


def test_signed_url_is_printed_without_its_secrets() -> None:
    """Neither password nor signature is in any form that a message could hold."""
    url = Url(SIGNED)
    for text in (str(url), repr(url), f"{url}", without_credentials(f"at {SIGNED}, status 403")):
        assert "hunter2" not in text
        assert "SECRET" not in text
        assert "id=7" in text


@pytest.mark.parametrize(
    "text",
    [
        "https://h/a.wav?TOKEN",
        "https://h/a.wav?t=TOKEN",
        "s3://KEY:TOKEN@bucket/a.wav",
        "https://TOKEN@h/a.wav",
        "https://[::TOKEN/a",
    ],
)
def test_value_of_unknown_meaning_is_not_printed(text: str) -> None:
    """What is not known to be harmless may be a key."""
    assert "TOKEN" not in str(Url(text))


def test_identity_outlives_a_signature() -> None:
    """A link that was signed again names the same file; another query names another one."""
    again = SIGNED.replace("SECRET", "OTHER").replace("hunter2", "x")
    assert Url(again).identity == Url(SIGNED).identity
    assert Url(SIGNED.replace("id=7", "id=8")).identity != Url(SIGNED).identity


def test_names_and_folders() -> None:
    """A web URL is unquoted, a key of a store is as it is written."""
    assert Url(SIGNED).name == "a b.wav"
    assert Url(SIGNED).suffix == ".wav"
    assert Url("s3://bucket/x/a?b#1.wav").name == "a?b#1.wav"
    assert Url("s3://bucket/x/t.csv").parent == Url("s3://bucket/x/")
    assert Url("https://h/x/t.csv?sig=1").parent == Url("https://h/x/")
    assert Url("s3://bucket/set/y/a.wav").relative_to(Url("s3://bucket/set")) == "y/a.wav"
    assert Url("s3://bucket/set2/a.wav").relative_to(Url("s3://bucket/set")) is None


@pytest.mark.parametrize(
    ("folder", "name", "expected"),
    [
        ("s3://bucket/x/", "a.wav", "s3://bucket/x/a.wav"),
        ("s3://bucket/x", "../y/a.wav", "s3://bucket/y/a.wav"),
        ("s3://bucket/x", "/y/a.wav", "s3://bucket/y/a.wav"),
        ("https://h/x/", "a b.wav", "https://h/x/a%20b.wav"),
        ("https://h/x/", "/y/a.wav", "https://h/y/a.wav"),
        ("https://h/x/", "s3://bucket/a.wav", "s3://bucket/a.wav"),
    ],
)
def test_joined_name_is_below_the_folder_or_stands_alone(folder: str, name: str, expected: str) -> None:
    """A name in a table is relative to the table, as on a disk."""
    assert Url(folder).joined(name) == Url(expected)


def test_paths_that_pathlib_squeezed_are_urls_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Path("s3://bucket/a.wav")` has lost a slash, unless there is such a file."""
    monkeypatch.chdir(tmp_path)
    assert as_url(Path("s3://bucket/a.wav")) == Url("s3://bucket/a.wav")
    Path("s3:/bucket").mkdir(parents=True)
    Path("s3:/bucket/a.wav").touch()
    assert as_url(Path("s3://bucket/a.wav")) is None


@pytest.mark.parametrize("text", ["a.wav", "/x/a.wav", "C:\\a.wav", "c:/a.wav", "x::s3://b/a", ""])
def test_paths_stay_paths(text: str) -> None:
    """Nothing else is a URL; chains of them are none either."""
    assert as_url(text) is None
    assert as_location(text) == Path(text)


def test_file_url_is_a_path() -> None:
    """`file:` names what is on this machine."""
    assert as_location("file:///x/a%20b.wav") == Path("/x/a b.wav")
    assert as_location("file://localhost/x/a.wav") == Path("/x/a.wav")
