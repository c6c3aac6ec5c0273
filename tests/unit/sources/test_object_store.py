"""Objects of a store, through fsspec."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url
from avmeter.sample import RemoteAccess
from avmeter.sources.object_store import ObjectStore, StoreFile
from avmeter.sources.remote import open_remote, remote_key
from support.object_store import object_store, put
from support.web import WebServer, web_server

QUICK = RemoteAccess(attempts=2, pause_s=0.001)


@pytest.fixture(scope="module", autouse=True)
def _store() -> Iterator[None]:
    with object_store():
        put({"set/a.wav": b"0123456789", "set/x/b.wav": b"b", "set/#?% ü.wav": b"odd", "other": b"o"})
        yield


def test_object_is_read_in_ranges_of_one_version() -> None:
    """Its tag is a part of its key."""
    url = Url("s3://bucket/set/a.wav")
    facts = StoreFile(url, QUICK).facts()
    assert (facts.size, facts.has_ranges) == (10, True)
    assert StoreFile(url, QUICK).read(2, 5, facts) == b"234"
    assert open_remote(url, QUICK).open().read() == b"0123456789"
    key = remote_key(url, QUICK)
    put({"set/a.wav": b"9876543210"})
    assert remote_key(url, QUICK) != key
    put({"set/a.wav": b"0123456789"})
    assert remote_key(url, QUICK) == key


def test_objects_below_a_prefix_are_listed_by_relative_path() -> None:
    """Keys are text, with whatever characters."""
    assert sorted(ObjectStore(Url("s3://bucket/set/"), QUICK).names()) == ["#?% ü.wav", "a.wav", "x/b.wav"]
    assert open_remote(Url("s3://bucket/set/#?% ü.wav"), QUICK).open().read() == b"odd"
    assert ObjectStore(Url("s3://bucket/set"), QUICK).is_folder()
    assert not ObjectStore(Url("s3://bucket/set/a.wav"), QUICK).is_folder()
    assert not ObjectStore(Url("s3://bucket/none"), QUICK).is_folder()


def test_object_is_written_and_removed() -> None:
    """As run folders are."""
    place = ObjectStore(Url("s3://bucket/new"), QUICK)
    place.write(b"data")
    assert place.info()["size"] == 4
    place.remove()
    with pytest.raises(MediaError) as caught:
        place.info()
    assert caught.value.code is SkipCode.MISSING_FILE


@pytest.mark.parametrize("url", ["s3://bucket/none.wav", "s3://nobucket/a.wav", "memory://none.wav"])
def test_absent_object_is_a_missing_file(url: str) -> None:
    """And asked for once."""
    with pytest.raises(MediaError) as caught:
        open_remote(Url(url), QUICK)
    assert caught.value.code is SkipCode.MISSING_FILE


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A store with one object, which it may fail to deliver."""
    import s3fs

    with web_server({"/bucket/a.wav": b"0123456789" * 1000}) as web:
        monkeypatch.setenv("AWS_ENDPOINT_URL", web.url(""))
        s3fs.S3FileSystem.clear_instance_cache()
        yield web
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.parametrize("fault", ["500", "503", "stall", "cut"])
def test_store_that_fails_stalls_or_breaks_off_is_a_named_skip(faulty: WebServer, fault: str) -> None:
    """After a bounded time, whatever the store's own package would do."""
    faulty.faults = {"/bucket/a.wav": fault}
    content = open_remote(Url("s3://bucket/a.wav"), RemoteAccess(timeout_s=2, attempts=1))
    with pytest.raises(MediaError) as caught:
        content.read(0, 10)
    assert caught.value.code is SkipCode.FETCH_FAILED


@pytest.mark.parametrize("fault", ["503x1", "cutx1"])
def test_failure_of_the_store_that_passes_costs_nothing(faulty: WebServer, fault: str) -> None:
    """The bytes are those of the object."""
    faulty.faults = {"/bucket/a.wav": fault}
    content = open_remote(Url("s3://bucket/a.wav"), QUICK)
    assert content.read(0, 10_000) == b"0123456789" * 1000


def test_store_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip of it is a skip; the others are scored."""
    import importlib

    def refuse(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(MediaError, match="reading gs needs `gcsfs`") as caught:
        open_remote(Url("gs://bucket/a.wav"), QUICK)
    assert caught.value.code is SkipCode.DEPENDENCY_MISSING
    assert caught.value.hint == "pip install 'avmeter[remote-gs]'"
