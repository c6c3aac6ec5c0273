"""Tar shards: what is in them, whatever state they are in."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import Any

import pytest

from avmeter.sources.content import Content
from avmeter.sources.tar import BrokenShardError, Member, list_members
from support.packed import tar_bytes

FILES = [("a.wav", b"one"), ("a.json", b"{}"), ("x/" + "long" * 60 + ".wav", b"two" * 1000), ("ü.wav", b"")]


def members(data: bytes) -> list[Member]:
    return list(list_members(Content.of_bytes(data, name="000.tar")))


@pytest.mark.parametrize("file_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_found_where_they_lie(file_format: int) -> None:
    """In every form of tar that is written; names of any length but for the oldest."""
    files = [f for f in FILES if len(f[0]) < 100 or file_format != tarfile.USTAR_FORMAT]
    data = tar_bytes(files, file_format=file_format)
    found = members(data)
    assert [(m.name, data[m.offset : m.offset + m.size]) for m in found] == files


def test_links_folders_and_devices_are_passed_over() -> None:
    """Nothing leads out of a shard."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in (
            ("l", tarfile.SYMTYPE),
            ("h", tarfile.LNKTYPE),
            ("d", tarfile.DIRTYPE),
            ("b", tarfile.BLKTYPE),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    assert members(buffer.getvalue()) == []


@pytest.mark.parametrize("num_bytes", [511, 1024, 1030, 1536, 1600, 2500, 4000])
def test_shard_that_breaks_off_has_what_came_before(num_bytes: int) -> None:
    """Whole members are found; that it breaks off is said."""
    data = tar_bytes([("a.wav", b"one"), ("b.wav", b"two" * 1000), ("c.wav", b"three")])[:num_bytes]
    names = []
    found = list_members(Content.of_bytes(data, name="x"))
    with pytest.raises(BrokenShardError):
        names.extend(m.name for m in found)
    assert names == ["a.wav", "b.wav", "c.wav"][: len(names)]


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "empty"), (gzip.compress(tar_bytes(FILES)), "compressed by gzip"), (b"RIFF" * 500, "damaged after 0 bytes")],
)
def test_what_is_no_plain_tar_is_said(data: bytes, message: str) -> None:
    """A compressed one can only be read from its beginning."""
    with pytest.raises(BrokenShardError, match=message):
        members(data)


def test_shard_of_many_members_is_listed_in_little_memory() -> None:
    """The list of the library is emptied on the way."""
    files = [(f"{i}.txt", b"x") for i in range(3000)]
    assert len(members(tar_bytes(files))) == 3000


def header(**fields: Any) -> bytes:
    """One block of a tar, with a checksum that fits."""
    entry = tarfile.TarInfo("a.wav")
    for name, value in fields.items():
        setattr(entry, name, value)
    return entry.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "data",
    [
        header(size=-1536) + bytes(2048),  # leads back to itself
        header(size=2**60),
        header(type=tarfile.GNUTYPE_LONGNAME, size=2**50) + bytes(2048),
        header(type=tarfile.XHDTYPE, size=2**50) + bytes(2048),
        (header(type=tarfile.GNUTYPE_LONGNAME, size=5) + b"x.wav".ljust(512, b"\0")) * 5000,  # a name of a name ...
    ],
)
def test_header_that_lies_ends_the_shard(data: bytes) -> None:
    """In little time and memory."""
    with pytest.raises(BrokenShardError):
        members(data)
