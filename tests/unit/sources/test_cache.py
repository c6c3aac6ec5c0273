"""Copies on this disk."""

from __future__ import annotations

import errno
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url
from avmeter.sample import RemoteAccess
from avmeter.sources.remote import open_remote
from support.web import WebServer, web_server

QUICK = RemoteAccess(allow_private_hosts=True, attempts=2, pause_s=0.001)
DATA = bytes(10_000)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the copies."""
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path))
    return tmp_path / "remote"


def read(web: WebServer, path: str, access: RemoteAccess = QUICK) -> bytes:
    content = open_remote(Url(web.url(path)), access)
    data = content.read(0, content.size)
    content.close()
    return data


def num_bodies(web: WebServer) -> int:
    return sum(not span for _, span in web.requests)


def test_copy_is_made_once_for_each_version() -> None:
    """What is the same is not fetched again; what was replaced is."""
    with web_server({"/a": DATA}) as web:
        web.has_ranges = False
        assert read(web, "/a?sig=1") == read(web, "/a?sig=2") == DATA
        assert num_bodies(web) == 1
        web.files["/a"] = DATA + b"x"
        assert read(web, "/a") == DATA + b"x"
        assert num_bodies(web) == 2


def test_copies_stay_below_their_bound(folder: Path) -> None:
    """The one used longest ago goes, and one that is open can still be read."""
    access = RemoteAccess(allow_private_hosts=True, cache_bytes=25_000)
    with web_server({f"/{i}": bytes([i]) * 10_000 for i in range(4)}) as web:
        web.has_ranges = False
        held = open_remote(Url(web.url("/0")), access)
        for i in range(1, 4):
            assert read(web, f"/{i}", access) == bytes([i]) * 10_000
        assert sum(p.stat().st_size for p in folder.iterdir()) <= 25_000
        assert held.read(0, 5) == bytes(5)
        held.close()


def test_file_larger_than_all_copies_is_read_and_not_stored(folder: Path) -> None:
    """The bound of the folder is no bound of files."""
    with web_server({"/a": DATA}) as web:
        web.has_ranges = False
        assert read(web, "/a", RemoteAccess(allow_private_hosts=True, cache_bytes=1)) == DATA
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "code"), [("cut", "fetch_failed"), ("endless", "over_limit"), ("long", "fetch_failed")]
)
def test_transfer_that_fails_leaves_nothing(fault: str, code: str, folder: Path) -> None:
    """Neither a part nor a copy; the next run starts afresh."""
    with web_server({"/a": DATA}) as web:
        web.has_ranges = False
        web.faults = {"/a": fault}
        with pytest.raises(MediaError) as caught:
            read(web, "/a", RemoteAccess(allow_private_hosts=True, attempts=2, pause_s=0.001, max_file_bytes=1 << 20))
        assert caught.value.code == code
    assert list(folder.iterdir()) == []


def test_parts_of_runs_that_were_killed_are_removed_in_time(folder: Path) -> None:
    """After a day, when no transfer can still be under way."""
    folder.mkdir()
    old, new = folder / ".part-old", folder / ".part-new"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 90_000,) * 2)
    with web_server({"/a": DATA}) as web:
        web.has_ranges = False
        read(web, "/a")
    assert (old.exists(), new.exists()) == (False, True)


def test_folder_that_cannot_be_written_is_a_named_skip(folder: Path) -> None:
    """A full disk is another one; both say where."""
    folder.write_bytes(b"in the way")
    with web_server({"/a": DATA}) as web:
        web.has_ranges = False
        with pytest.raises(MediaError, match="no copy of it can be written") as caught:
            read(web, "/a")
    assert caught.value.code is SkipCode.NO_SPACE


def test_body_packed_to_a_thousandth_is_bounded_by_what_it_unfolds_to(folder: Path) -> None:
    """Not by what is sent."""
    with web_server({"/a": bytes(20 << 20)}) as web:
        web.faults = {"/a": "gzip"}
        with pytest.raises(MediaError) as caught:
            read(web, "/a", RemoteAccess(allow_private_hosts=True, max_file_bytes=1 << 20))
    assert caught.value.code is SkipCode.OVER_LIMIT
    assert list(folder.iterdir()) == []


def test_runs_that_fetch_at_once_both_have_the_whole_file() -> None:
    """Neither sees the other's part."""
    with web_server({"/a": DATA * 100}) as web:
        web.has_ranges = False
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: read(web, "/a"), range(16)))
    assert found == [DATA * 100] * 16


def test_disk_that_fills_up_is_a_named_skip_and_is_not_filled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written of the file goes; other clips are read on."""

    def fail(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with web_server({"/a": DATA}) as web:
        web.has_ranges = False
        monkeypatch.setattr(os, "write", fail)
        with pytest.raises(MediaError, match="No space left on device") as caught:
            read(web, "/a")
        monkeypatch.undo()
    assert caught.value.code is SkipCode.NO_SPACE
    assert list(folder.iterdir()) == []
