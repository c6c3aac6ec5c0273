"""Stored files, opened and named by content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url
from avmeter.sample import Cell, RemoteAccess, Span, StoredFile
from avmeter.sources import remote
from avmeter.sources.opening import open_stored, stored_key
from support.packed import write_parquet
from support.web import web_server

LOCAL = RemoteAccess(allow_private_hosts=True, attempts=1)


def test_member_has_the_key_of_its_bytes(tmp_path: Path) -> None:
    """The same clip in a shard, in a table and beside them is computed once."""
    shard = tmp_path / "000.tar"
    shard.write_bytes(b"---abc---")
    table = write_parquet(tmp_path / "a.parquet", {"audio": [b"abc"]})
    expected = hashlib.sha256(b"abc").hexdigest()
    cell = Cell(row_group=0, row=0, column="audio")
    assert stored_key(StoredFile(place=shard, part=Span(offset=3, size=3))) == expected
    assert stored_key(StoredFile(place=table, part=cell)) == expected
    assert open_stored(StoredFile(place=table, part=cell)).open().read() == b"abc"


def test_member_of_a_remote_shard_is_named_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """And by the version of the shard, of which no byte is read for that."""
    monkeypatch.setattr(remote, "_ASKED_AGAIN_S", 1e-9)
    with web_server({"/000.tar": b"---abc---"}) as web:
        place = Url(web.url("/000.tar"))
        parts = [StoredFile(place=place, part=Span(offset=o, size=3)) for o in (0, 3)]
        keys = [stored_key(part, LOCAL) for part in parts]
        assert open_stored(parts[1], LOCAL).open().read() == b"abc"
        web.files["/000.tar"] = b"---xyz---"
        assert len({*keys, stored_key(parts[1], LOCAL)}) == 3


def test_member_that_is_cut_off_is_damaged(tmp_path: Path) -> None:
    """It is not scored as a shorter clip."""
    shard = tmp_path / "000.tar"
    shard.write_bytes(b"12345")
    with pytest.raises(MediaError, match="the shard breaks off after 2 of its 9 bytes") as caught:
        open_stored(StoredFile(place=shard, part=Span(offset=3, size=9), label="a.wav"))
    assert caught.value.code is SkipCode.DECODE_ERROR


def test_absent_shard_is_a_missing_file(tmp_path: Path) -> None:
    """For its key as for its bytes."""
    file = StoredFile(place=tmp_path / "none.tar", part=Span(offset=0, size=1))
    for action in (open_stored, stored_key):
        with pytest.raises(MediaError) as caught:
            action(file)
        assert caught.value.code is SkipCode.MISSING_FILE
