"""Bytes by position, as a file."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avmeter.errors import MediaError, SkipCode
from avmeter.sources.content import Blocks, Content

DATA = bytes(range(256)) * 5000  # 1.28 MB: five blocks


@given(st.lists(st.tuples(st.integers(0, len(DATA) + 10), st.integers(0, 600_000)), max_size=8))
def test_any_reading_gives_what_a_file_gives(steps: list[tuple[int, int]]) -> None:
    """However blocks are fetched and dropped."""
    blocks = Blocks(lambda start, stop: DATA[start:stop], size=len(DATA), cached_bytes=1)
    file, expected = Content(blocks.read, size=len(DATA), name="x").open(), io.BytesIO(DATA)
    for position, count in steps:
        assert file.seek(position) == expected.seek(position)
        assert file.read(count) == expected.read(count)
    assert file.seek(-5, io.SEEK_END) == len(DATA) - 5
    assert file.read() == DATA[-5:]


def test_reading_on_asks_for_more_at_a_time_and_nothing_twice() -> None:
    """A file that is read from its beginning costs few requests; memory is bounded by what is kept."""
    asked: list[tuple[int, int]] = []

    def fetch(start: int, stop: int) -> bytes:
        asked.append((start, stop))
        return bytes(stop - start)

    size = 40 << 20
    file = Content(Blocks(fetch, size=size).read, size=size, name="x").open()
    while file.read(1 << 20):
        pass
    assert len(asked) <= 10
    assert sum(stop - start for start, stop in asked) == size
    file.seek(0)
    file.read(1 << 20)
    assert len(asked) <= 10


def test_failure_is_raised_again_for_those_who_took_it_for_the_end() -> None:
    """Decoders see a file that ends; the reader of the file asks why."""

    def fail(_start: int, _stop: int) -> bytes:
        raise MediaError(SkipCode.FETCH_FAILED, "gone")

    content = Content(fail, size=9, name="x")
    content.raise_failure()
    with pytest.raises(MediaError):
        content.read(0, 1)
    with pytest.raises(MediaError, match="gone"):
        content.raise_failure()


def test_open_file_outlives_its_name(tmp_path: Path) -> None:
    """Another run may remove a copy that is being read."""
    path = tmp_path / "a"
    path.write_bytes(DATA)
    content = Content.of_descriptor(os.open(path, os.O_RDONLY), name="a")
    path.unlink()
    assert content.part(256, 512, name="part").open().read() == DATA[256:768]
    content.close()
