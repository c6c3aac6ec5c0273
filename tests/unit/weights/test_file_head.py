"""What is no checkpoint is known by its first bytes."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
import torch

from avmeter.runtime.environment import Settings
from avmeter.weights.catalog import File, catalog
from avmeter.weights.file_head import describe_foreign
from avmeter.weights.locate import find
from support.weights import put

PAGE = b"\n<!DOCTYPE html><html><title>Log in</title></html>"


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as content:
        content.writestr("a", b"b" * 1000)
    return stream.getvalue()


def saved(*, old: bool) -> bytes:
    stream = io.BytesIO()
    torch.save({"w": torch.zeros(2)}, stream, _use_new_zipfile_serialization=not old)
    return stream.getvalue()


def tensors() -> bytes:
    from safetensors.torch import save

    return save({"w": torch.zeros(100)}, {"format": "pt"})


RIGHT = {
    "pickle": [saved(old=False), saved(old=True)],
    "safetensors": [tensors()],
    "onnx": [b"\x08\x07\x12\x07pytorch", b"\x1c\0\0\0TFL3" + bytes(10)],
    "ctranslate2": [b"\x06\0\0\0\x0c\0WhisperSpec\0"],
    "sentencepiece": [b"\x0a\x0e\x0a\x05<unk>"],
    "zip": [archive()],
    "gzip": [gzip.compress(b"text")],
    "json": [b'{"a": 1}', b"[1]"],
    "text": [b"<unk> 0\n<s> 1\n", b"a b\n"],
}
FORMATS = sorted(RIGHT)


def describe(folder: Path, format_: str, body: bytes) -> str | None:
    return describe_foreign(put(folder / "file", body), File(name="file", format=format_))


@pytest.mark.parametrize("format_", FORMATS)
def test_file_of_the_format_is_taken(tmp_path: Path, format_: str) -> None:
    """Every format of the catalog, in each form that it has."""
    assert [describe(tmp_path, format_, body) for body in RIGHT[format_]] == [None] * len(RIGHT[format_])


@pytest.mark.parametrize("format_", FORMATS)
def test_page_and_nothing_are_of_no_format(tmp_path: Path, format_: str) -> None:
    """A log-in page, the empty file, and JSON of an error are named as what they are."""
    assert "web page" in str(describe(tmp_path, format_, PAGE))
    assert describe(tmp_path, format_, b"") == "an empty file"
    if format_ not in ("json", "text"):
        assert describe(tmp_path, format_, b'{"error": "Access denied"}')


@pytest.mark.parametrize("format_", [f for f in FORMATS if f != "gzip"])
def test_packed_copy_is_not_the_file(tmp_path: Path, format_: str) -> None:
    """A server that compresses what it should send as it is."""
    assert "gzip" in str(describe(tmp_path, format_, gzip.compress(RIGHT[format_][0])))


@pytest.mark.parametrize("format_", ["pickle", "safetensors", "zip", "json"])
def test_cut_file_is_not_the_file(tmp_path: Path, format_: str) -> None:
    """Formats that say where they end are held to it."""
    assert describe(tmp_path, format_, RIGHT[format_][0][:-3])


@pytest.mark.parametrize("header", [b"[]", b'{"w": 1}', b'{"w": {"data_offsets": "x"}}', b"{" * 5000, b"{"])
def test_header_of_another_kind_is_refused(tmp_path: Path, header: bytes) -> None:
    """Whatever stands in it."""
    assert describe(tmp_path, "safetensors", len(header).to_bytes(8, "little") + header)
    assert describe(tmp_path, "safetensors", (1 << 62).to_bytes(8, "little") + b"{}")


def test_deep_json_is_refused(tmp_path: Path) -> None:
    """Not a crash of its reader."""
    assert describe(tmp_path, "json", b"[" * 200_000)
    assert describe(tmp_path, "json", json.dumps("text").encode())


def test_files_of_the_catalog_on_this_machine_are_taken() -> None:
    """No right file is refused: whatever is here, of known hash, has the head of its format."""
    settings = Settings.read()
    here = [(f, p) for e in catalog().values() for f in e.files if (p := find(e, f, None, settings)) is not None]
    assert {f.name: describe_foreign(p, f) for f, p in here} == {f.name: None for f, _ in here}
