"""Folders behind URLs."""

from __future__ import annotations

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url
from avmeter.sample import RemoteAccess
from avmeter.sources.listing import is_remote_folder, list_remote

ACCESS = RemoteAccess()


def test_prefix_with_objects_is_a_folder() -> None:
    """One without is none."""
    import fsspec

    files = fsspec.filesystem("memory")
    for name in ("/listed/b.wav", "/listed/x/a.wav"):
        files.pipe_file(name, b"x")
    assert is_remote_folder(Url("memory://listed"), ACCESS)
    assert not is_remote_folder(Url("memory://listed/b.wav"), ACCESS)
    assert sorted(list_remote(Url("memory://listed/"), ACCESS)) == ["b.wav", "x/a.wav"]


def test_web_has_no_folders() -> None:
    """No page is searched for links."""
    assert not is_remote_folder(Url("https://host/set/"), ACCESS)


def test_nothing_is_listed_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is asked for over the network, too."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    with pytest.raises(MediaError) as caught:
        list_remote(Url("s3://bucket/set/"), ACCESS)
    assert caught.value.code is SkipCode.OFFLINE
