"""A file is the one of the catalog, or the pinned one, or it is refused; and it is read once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from avmeter.errors import WeightsError
from avmeter.runtime.environment import Settings
from avmeter.weights import UnpinnedWeightsWarning, WeightsSource
from avmeter.weights.catalog import File
from avmeter.weights.hashes import check, known_sha256, pinned_sha256, sha256_of
from support.weights import BODY, SHA256, entry, known, put


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may ask the network."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")


def test_another_file_under_the_name_is_refused(tmp_path) -> None:
    """The message has both hashes and the way out."""
    other = BODY[::-1]
    put(tmp_path / "net.bin", other)
    with pytest.raises(WeightsError) as caught:
        WeightsSource.parse(tmp_path).path(entry(known()))
    for part in (SHA256, hashlib.sha256(other).hexdigest(), "avmeter weights fetch net", "AVMETER_WEIGHTS"):
        assert part in str(caught.value)


def test_file_of_another_size_is_refused_without_hashing(tmp_path) -> None:
    """A truncated copy is found at once."""
    put(tmp_path / "net.bin", BODY[:-1])
    with pytest.raises(WeightsError, match=f"{len(BODY) - 1} bytes instead of {len(BODY)}"):
        WeightsSource.parse(tmp_path).path(entry(known()))


def test_file_that_changes_after_it_was_verified_is_found(tmp_path) -> None:
    """The memory of verified files holds only as long as their state stays."""
    path = put(tmp_path / "net.bin")
    source = WeightsSource.parse(tmp_path)
    source.path(entry(known()))
    path.write_bytes(BODY[::-1])
    os.utime(path, ns=(1, 1))
    with pytest.raises(WeightsError, match="SHA-256"):
        source.path(entry(known()))


def test_verified_file_is_not_read_again(tmp_path, monkeypatch) -> None:
    """Gigabytes are hashed once, not at each start."""
    put(tmp_path / "net.bin")
    source = WeightsSource.parse(tmp_path)
    source.path(entry(known()))
    monkeypatch.setattr("avmeter.weights.hashes.sha256_of", lambda path: pytest.fail("read again"))
    source.path(entry(known()))


def test_another_serialisation_is_accepted(tmp_path) -> None:
    """`also` lists files of other bytes and the same content."""
    other = b"same content, other bytes"
    put(tmp_path / "net.bin", other)
    file = known(also=(hashlib.sha256(other).hexdigest(),))
    assert WeightsSource.parse(tmp_path).path(entry(file)).read_bytes() == other


def test_unknown_hash_is_pinned_with_a_warning_then_required(tmp_path, cache) -> None:
    """First use warns and pins; the same file is silent; another one is an error that names the lock file."""
    path = put(tmp_path / "net.bin")
    source, net = WeightsSource.parse(tmp_path), entry(File(name="net.bin", format="pickle"))
    with pytest.warns(UnpinnedWeightsWarning, match=SHA256):
        source.path(net)
    assert source.path(net) == path
    assert source.fingerprint(net) == SHA256
    path.write_bytes(BODY[::-1])
    with pytest.raises(WeightsError, match=r"weights-lock\.json"):
        source.path(net)


@pytest.mark.parametrize("content", [b"{", b"[" * 5000, b"9" * 5000, b"[]", b'{"a": 1}', b"\xff"], ids="abcdef")
def test_damaged_lock_file_is_an_error(tmp_path, cache, content) -> None:
    """Pins are not lost silently, whatever stands in their place."""
    put(tmp_path / "net.bin")
    put(cache / "weights-lock.json", content)
    with pytest.raises(WeightsError, match="lock file"):
        WeightsSource.parse(tmp_path).path(entry(File(name="net.bin", format="pickle")))


def test_memory_that_cannot_be_written_costs_only_time(tmp_path: Path, cache: Path) -> None:
    """The hash is right without it: here a file stands where the folder of notes would be."""
    path = put(tmp_path / "net.bin")
    put(cache / "verified", b"in the way")
    settings = Settings.read()
    assert known_sha256(path, settings) == known_sha256(path, settings) == sha256_of(path) == SHA256


def test_damaged_note_is_computed_again(tmp_path: Path) -> None:
    """A note that is no JSON, or another file's, is not believed."""
    path, settings = put(tmp_path / "net.bin"), Settings.read()
    known_sha256(path, settings)
    (note,) = settings.hash_cache.glob("*.json")
    for damaged in ("{", "[]", '{"state": ["other", 0, 0], "sha256": "wrong"}'):
        note.write_text(damaged)
        assert known_sha256(path, settings) == SHA256


def test_pin_is_that_of_the_first_use(tmp_path: Path) -> None:
    """None before it, and by checkpoint and file after it."""
    net, settings = entry(File(name="net.bin", format="pickle")), Settings.read()
    assert pinned_sha256(net, net.file(), settings) is None
    with pytest.warns(UnpinnedWeightsWarning):
        check(put(tmp_path / "net.bin"), net, net.file(), settings)
    assert pinned_sha256(net, net.file(), settings) == SHA256
    other = entry(File(name="net.bin", format="pickle"), name="other")
    assert pinned_sha256(other, other.file(), settings) is None


def _write_in_place(path: Path, body: bytes, before: os.stat_result) -> None:
    path.write_bytes(body)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _rename_over(path: Path, body: bytes, before: os.stat_result) -> None:
    other = put(path.with_name("other"), body)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def _copy_over(path: Path, body: bytes, before: os.stat_result) -> None:
    other = put(path.with_name("other"), body)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    subprocess.run(["cp", "-p", other, path], check=True)


def _touch_as(path: Path, body: bytes, before: os.stat_result) -> None:
    twin = put(path.with_name("twin"), b"")
    shutil.copystat(path, twin)
    path.write_bytes(body)
    subprocess.run(["touch", "-r", twin, path], check=True)


@pytest.mark.parametrize("tamper", [_write_in_place, _rename_over, _copy_over, _touch_as])
def test_bytes_that_were_changed_under_size_and_time_are_found(tmp_path: Path, tamper) -> None:
    """`touch -r`, `cp -p`, rsync and a rename leave size and time of change as they were; the file is read again."""
    path, source = put(tmp_path / "net.bin"), WeightsSource.parse(tmp_path)
    source.path(entry(known()))
    before = path.stat()
    tamper(path, BODY[::-1], before)
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    with pytest.raises(WeightsError, match="SHA-256"):
        source.path(entry(known()))


def test_file_that_changes_while_it_is_read_is_not_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash of bytes that are gone is nobody's."""
    path, settings = put(tmp_path / "net.bin"), Settings.read()

    def slow(path: Path) -> str:
        sha256 = sha256_of(path)
        path.write_bytes(BODY[::-1])
        return sha256

    with monkeypatch.context() as patch:
        patch.setattr("avmeter.weights.hashes.sha256_of", slow)
        assert known_sha256(path, settings) == SHA256
    assert known_sha256(path, settings) == hashlib.sha256(BODY[::-1]).hexdigest()


@pytest.mark.parametrize("body", [b"", b"<!doctype html>", b"\x1f\x8b" + bytes(50), b'{"error": 403}'])
def test_page_of_unknown_hash_is_refused_and_not_pinned(tmp_path: Path, body: bytes) -> None:
    """What is no checkpoint by its first bytes does not become one by being used; the right file is taken later."""
    path, source = put(tmp_path / "net.bin", body), WeightsSource.parse(tmp_path)
    net = entry(File(name="net.bin", format="pickle"))
    with pytest.raises(WeightsError, match=r"net\.bin: "):
        source.path(net)
    assert pinned_sha256(net, net.file(), Settings.read()) is None
    path.write_bytes(BODY)
    with pytest.warns(UnpinnedWeightsWarning):
        assert source.path(net) == path
