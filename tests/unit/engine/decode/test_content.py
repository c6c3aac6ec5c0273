"""Equal content has an equal key; a file that was another while it was read is a skip."""

import time

import numpy as np
import pytest

from avmeter.engine.decode.content import checked, content_key_of, content_key_of_part, file_facts
from avmeter.engine.decode.messages import DecodeEvent
from avmeter.errors import SkipCode
from avmeter.features.base import Features
from avmeter.files import Url
from avmeter.sample import MediaSource, RemoteAccess, StoredFile


def test_equal_content_has_an_equal_key(tmp_path):
    """A file is its bytes, an array its values and rate, a text its characters, whatever they are."""
    (tmp_path / "a").write_bytes(b"x")
    assert content_key_of("\ud800") != content_key_of("x")
    assert content_key_of(MediaSource(path=tmp_path / "a")) != content_key_of("x")
    sounds = [MediaSource(samples=np.ones(10, np.float32), sample_rate=rate) for rate in (8000, 8000, 16_000)]
    keys = [content_key_of(s) for s in sounds]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("is_renamed", [True, False], ids=["renamed over", "written over"])
def test_file_that_was_another_while_it_was_read_is_not_taken_for_itself(tmp_path, is_renamed):
    """Replaced before it is opened and put back afterwards: its bytes are those of its key, its feature is not."""
    path = tmp_path / "a.wav"
    path.write_bytes(b"a" * 100)
    key = content_key_of(MediaSource(path=path))

    def replace(content):
        time.sleep(0.02)
        target = tmp_path / "new" if is_renamed else path
        target.write_bytes(content)
        target.replace(path)

    part = (MediaSource(path=path),)
    before = file_facts(part)
    event = DecodeEvent(0, outcome=Features())
    assert checked(event, part, key, before) is event
    replace(b"b" * 100)
    replace(b"a" * 100)
    assert content_key_of_part(part) == key
    found = checked(event, part, key, before)
    assert found.outcome.code == SkipCode.CHANGED_WHILE_READING


def test_storage_that_fails_at_the_end_is_no_change_of_the_file():
    """Whether the file is still the same could not be asked; the skip says that, and not that it was replaced."""
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe_file("/content/a.wav", b"a")
    source = MediaSource(stored=StoredFile(place=Url("memory://content/a.wav")), access=RemoteAccess(attempts=1))
    key = content_key_of(source)
    files.store["/content/a.wav"] = None
    found = checked(DecodeEvent(0, outcome=Features()), (source,), key, (None,))
    del files.store["/content/a.wav"]
    assert found.outcome.code == SkipCode.FETCH_FAILED


def test_key_of_clips_that_are_compared_is_that_of_each_in_order(tmp_path):
    """One that is absent keeps its place."""
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode())
    a, b = (MediaSource(path=tmp_path / name) for name in "ab")
    assert content_key_of_part((a,)) == content_key_of(a)
    assert content_key_of_part((b, a, None)) == f"{content_key_of(b)}+{content_key_of(a)}+"
