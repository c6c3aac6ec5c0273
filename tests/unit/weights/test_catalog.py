"""The catalog as it ships."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from avmeter.errors import UnknownNameError
from avmeter.weights.catalog import Entry, File, HubFile, catalog, get_entry, parse_catalog

FILES = [(entry, file) for entry in catalog().values() for file in entry.files]
IDS = [f"{entry.name}/{file.name}" for entry, file in FILES]

MINIMAL = """
[net]
title = "Net"
code_licence = "MIT"
weights_licence = "MIT"
from = ["hf://o/r@rev", "https://example.org/folder"]
[[net.files]]
name = "net.pth"
format = "pickle"
sha256 = ""
confidence = ""
"""


@pytest.mark.parametrize(("entry", "file"), FILES, ids=IDS)
def test_file_has_a_place_and_stated_confidence(entry: Entry, file: File) -> None:
    """Every file can be had somewhere, and a hash says how it is known."""
    assert file.urls or file.package
    assert file.confidence in ({"A", "A-", "B", "C+", "C"} if file.sha256 else {""})
    assert file.format in {
        "safetensors", "pickle", "torchscript", "arrays", "tensorflow", "tensorflow-index", "tflite", "keras",
        "onnx", "ctranslate2", "sentencepiece", "zip", "gzip", "json", "text",
    }  # fmt: skip
    for url in file.urls:
        assert HubFile.parse(url) or (urlsplit(url).scheme == "https" and urlsplit(url).hostname)


@pytest.mark.parametrize(("entry", "file"), FILES, ids=IDS)
def test_file_without_known_hash_comes_from_a_pinned_revision(entry: Entry, file: File) -> None:
    """What cannot be verified by hash is at least fixed by a commit or, where there are none, by a version."""
    for url in () if file.sha256 else file.urls:
        hub, raw = HubFile.parse(url), re.match(r"https://github\.com/[^/]+/[^/]+/raw/([^/]+)/", url)
        version = re.match(r"https://www\.modelscope\.cn/models/[^/]+/[^/]+/resolve/v\d+\.\d+\.\d+/", url)
        assert version or re.fullmatch("[0-9a-f]{40}", hub.revision if hub else raw[1] if raw else "")


def test_every_checkpoint_states_its_licences() -> None:
    """Nobody has to guess what may be used for what."""
    for entry in catalog().values():
        assert entry.title
        assert entry.code_licence
        assert entry.weights_licence
        assert len({f.name for f in entry.files}) == len(entry.files)


def test_same_hash_means_same_size() -> None:
    """Copies of one file agree with each other."""
    sizes: dict[str, set[int | None]] = {}
    for _, file in FILES:
        if file.sha256:
            sizes.setdefault(file.sha256, set()).add(file.size_bytes)
    assert {sha: s for sha, s in sizes.items() if len(s) > 1} == {}


def test_folder_gives_the_addresses_of_its_files() -> None:
    """`from` and the name make the URLs, in order."""
    file = parse_catalog(MINIMAL)["net"].file()
    assert file.urls == ("hf://o/r@rev/net.pth", "https://example.org/folder/net.pth")
    assert file.sha256 is None
    assert HubFile.parse(file.urls[0]) == HubFile(repo="o/r", revision="rev", path="net.pth")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('sha256 = ""', 'sha256 = "abc"'),
        ('name = "net.pth"', 'name = "../net.pth"'),
        ('name = "net.pth"', 'name = ".hidden"'),
        ('confidence = ""', 'confidence = ""\nsurprise = 1'),
        ('title = "Net"', ""),
    ],
)
def test_malformed_catalog_is_refused(old: str, new: str) -> None:
    """A wrong field is an error at reading, not at the first use."""
    with pytest.raises((ValueError, TypeError)):
        parse_catalog(MINIMAL.replace(old, new))


def test_unknown_name_suggests_near_ones() -> None:
    """A typing mistake is answered by what was probably meant."""
    with pytest.raises(UnknownNameError, match="synchformer"):
        get_entry("syncformer")
    with pytest.raises(UnknownNameError, match=r"config\.json"):
        get_entry("clap-htsat-fused").file("conf.json")


def test_catalog_cannot_be_changed() -> None:
    """The shared value is read-only."""
    with pytest.raises(TypeError):
        catalog()["x"] = catalog()["passt"]  # type: ignore[index]
