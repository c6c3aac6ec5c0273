"""Where a checkpoint's file is found, and in which order."""

from __future__ import annotations

import pytest

from avmeter.errors import WeightsError
from avmeter.weights import WeightsSource
from avmeter.weights.catalog import File, Package, catalog
from support import require
from support.paths import ROOT
from support.weights import AUTO, BODY, SHA256, entry, known, put

INSTALLED = (ROOT / "requirements-weights.txt").read_text().split()
"""Packages that `make setup` installs for their weights."""


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may ask the network."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")


def test_places_are_searched_in_the_documented_order(tmp_path, cache, monkeypatch) -> None:
    """Given folder, AVMETER_WEIGHTS, installed package, downloads, hub cache: the first that has it wins."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    put(tmp_path / "site" / "netpackage" / "__init__.py", b"raise AssertionError('a package must not be imported')")
    file = known(urls=("hf://o/r@rev/net.bin",), package=Package(distribution="netpackage", path="netpackage/net.bin"))
    net = entry(file)
    monkeypatch.setenv("AVMETER_WEIGHTS", str(tmp_path / "env"))
    (tmp_path / "given").mkdir()
    source = WeightsSource.parse(tmp_path / "given")
    places = [
        put(tmp_path / "given" / "net" / "net.bin"),
        put(tmp_path / "env" / "net.bin"),
        put(tmp_path / "site" / "netpackage" / "net.bin"),
        put(cache / "weights" / "net" / "net.bin"),
        put(tmp_path / "hub" / "models--o--r" / "snapshots" / "rev" / "net.bin"),
        put(tmp_path / "hub" / "models--o--r" / "blobs" / SHA256),
    ]
    for place in places:
        assert source.available(net)
        assert source.path(net) == place
        place.unlink()
    assert not source.available(net)
    with pytest.raises(WeightsError, match="AVMETER_OFFLINE"):
        source.path(net)


def test_single_file_serves_its_checkpoint(tmp_path) -> None:
    """A path to the file itself is as good as its folder."""
    path = put(tmp_path / "net.bin")
    assert WeightsSource.parse(path).path(entry(known())) == path


def test_file_of_a_common_name_that_is_another_is_named(tmp_path) -> None:
    """It may be the user's own, or damaged: a message that says only "not here" would hide it."""
    common = put(tmp_path / "model.safetensors", b"somebody else's")
    with pytest.raises(WeightsError, match="was passed over") as found:
        WeightsSource.parse(tmp_path).path("clap-htsat-fused")
    assert str(common) in found.value.message
    assert "not on this machine" in found.value.message
    assert "folder called clap-htsat-fused" in found.value.hint


def test_file_name_of_many_checkpoints_is_taken_by_hash_only(tmp_path) -> None:
    """A lone `model.safetensors` in a folder is not given to whoever asks first."""
    put(tmp_path / "model.safetensors")
    source = WeightsSource.parse(tmp_path)
    assert source.available(entry(known("model.safetensors")))
    assert not source.available(entry(known("model.safetensors", BODY[::-1])))
    assert not source.available(entry(File(name="model.safetensors", format="safetensors")))
    assert not source.available("whisper-tiny")
    assert not source.available("audiobox")


def test_damaged_download_is_replaced_by_fetch_only(server, cache, monkeypatch) -> None:
    """`path` reports a damaged download, the command that its hint names repairs it."""
    monkeypatch.delenv("AVMETER_OFFLINE")
    net = entry(known(urls=(server.put("/net.bin", BODY),)))
    put(cache / "weights" / "net" / "net.bin", BODY[::-1])
    with pytest.raises(WeightsError, match="fetch it again"):
        AUTO.path(net)
    assert AUTO.fetch(net).read_bytes() == BODY


@pytest.mark.parametrize(
    "name", [e.name for e in catalog().values() if all(f.package and f.package.path for f in e.files)]
)
def test_installed_package_serves_its_file(name) -> None:
    """Packages on this machine give the files that the catalog describes, byte for byte."""
    is_set_up = all(file.package.distribution in INSTALLED for file in catalog()[name].files)
    (require.weights if is_set_up else require.fetched)(name)
    assert AUTO.path(name).is_file()
