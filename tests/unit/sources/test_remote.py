"""Files behind URLs, whichever way they are fetched."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url
from avmeter.sample import RemoteAccess
from avmeter.sources.remote import fetch, open_remote, remote_key
from support.web import web_server

LOCAL = RemoteAccess(allow_private_hosts=True, attempts=1)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path))


@pytest.mark.parametrize("variable", ["AVMETER_OFFLINE", "HF_HUB_OFFLINE"])
@pytest.mark.parametrize("url", ["https://host/a.wav", "s3://bucket/a.wav", "hf://datasets/x/y/a.wav"])
def test_nothing_is_looked_up_offline(variable: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable forbids the network: no name is asked for."""
    monkeypatch.setenv(variable, "1")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    for action in (open_remote, remote_key):
        with pytest.raises(MediaError, match=variable) as caught:
            action(Url(url), LOCAL)
        assert caught.value.code is SkipCode.OFFLINE


@pytest.mark.parametrize("url", ["ftp://h/a.wav", "sftp://h/a", "github://x/a", "zip://a::http://h/b.zip", "data://x"])
def test_other_protocols_are_not_opened(url: str) -> None:
    """fsspec knows many; those whose host the URL names are not used."""
    with pytest.raises(MediaError) as caught:
        open_remote(Url(url), LOCAL)
    assert caught.value.code is SkipCode.UNSUPPORTED


def test_key_follows_the_version_not_the_signature() -> None:
    """A store finds features again for a link that was signed anew, and not for another version."""
    with web_server({"/a": b"one"}) as web:
        key = remote_key(Url(web.url("/a?sig=1")), LOCAL)
        assert remote_key(Url(web.url("/a?sig=2")), LOCAL) == key
        web.files["/a"] = b"two"
        assert remote_key(Url(web.url("/a")), LOCAL) != key


def test_key_without_versions_is_that_of_the_bytes() -> None:
    """The same file has the same key under any URL then."""
    with web_server({"/a": b"one", "/b": b"one", "/c": b"two"}) as web:
        web.has_etags = False
        keys = [remote_key(Url(web.url(path)), LOCAL) for path in ("/a", "/b", "/c")]
    assert keys[0] == keys[1] != keys[2]


def test_file_larger_than_the_limit_is_not_fetched() -> None:
    """Its size is asked for first."""
    with web_server({"/a": bytes(2000)}) as web:
        small = RemoteAccess(allow_private_hosts=True, max_file_bytes=1000)
        with pytest.raises(MediaError, match="max_file_bytes is 1000") as caught:
            open_remote(Url(web.url("/a")), small)
        assert caught.value.code is SkipCode.OVER_LIMIT
        assert len(web.requests) == 1
        with pytest.raises(MediaError, match="at most 10 are read"):
            fetch(Url(web.url("/a")), LOCAL, max_bytes=10)


def test_credentials_in_the_url_of_a_store_are_refused_and_not_shown() -> None:
    """The package of the store would print them."""
    with pytest.raises(MediaError, match="credentials in the URL") as caught:
        open_remote(Url("s3://KEY:SECRET@bucket/a.wav"), LOCAL)
    assert "SECRET" not in str(caught.value)
