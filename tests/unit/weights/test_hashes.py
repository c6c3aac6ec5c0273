"""A file is the one of the catalog, or the pinned one, or it is refused; and it is read once."""

from __future__ import annotations

import hashlib
import os

import pytest

from avmeter.errors import WeightsError
from avmeter.weights import UnpinnedWeightsWarning, WeightsSource
from avmeter.weights.catalog import File
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
    """The memory of verified files holds only as long as size and time stay."""
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
    path.write_bytes(b"another")
    with pytest.raises(WeightsError, match=r"weights-lock\.json"):
        source.path(net)


def test_damaged_lock_file_is_an_error(tmp_path, cache) -> None:
    """Pins are not lost silently."""
    put(tmp_path / "net.bin")
    put(cache / "weights-lock.json", b"{")
    with pytest.raises(WeightsError, match="lock file"):
        WeightsSource.parse(tmp_path).path(entry(File(name="net.bin", format="pickle")))
