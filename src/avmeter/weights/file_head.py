"""What a file is by its first bytes: a log-in page, an empty, cut or packed file is no checkpoint.

Only files whose hash nobody knows need it: the others are compared with their hash.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from avmeter.weights.catalog import File

_HEAD_BYTES = 512
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_PAGE_STARTS = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<!--")
_PICKLE_PROTOCOLS = range(2, 6)
_MAX_JSON_BYTES = 64 << 20
# Tags of the fields 1 to 8 and 14 of an ONNX model, with the wire types that they have.
_ONNX_TAGS = frozenset(b"\x08\x12\x1a\x22\x28\x32\x3a\x42\x72")
# A file of CTranslate2 begins with its version, a small number of four bytes.
_MAX_CTRANSLATE2_VERSION = 255


def describe_foreign(path: Path, file: File) -> str | None:
    """Name what a file is if it cannot be of the catalog's format; None if it may be.

    Raises:
        OSError: It cannot be read.
    """
    size = path.stat().st_size
    if not size:
        return "an empty file"
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not _is_page(head) and _FORMATS[file.format](head, path, size):
        return None
    return f"{_kind(head)}, not {_article(file.format)}"


def _is_zip(head: bytes, path: Path, size: int) -> bool:
    """Return True if it begins and ends like an archive: one that was cut has no directory."""
    return head.startswith(_ZIP) and zipfile.is_zipfile(path)


def _is_pickle(head: bytes, path: Path, size: int) -> bool:
    """Return True for an archive of `torch.save`, or a bare pickle of protocol 2 or later."""
    return _is_zip(head, path, size) or (len(head) > 1 and head[0] == 0x80 and head[1] in _PICKLE_PROTOCOLS)


def _is_safetensors(head: bytes, path: Path, size: int) -> bool:
    """Return True if the header is an object, and the tensors that it announces end with the file."""
    header_bytes = int.from_bytes(head[:8], "little")
    if head[8:9] != b"{" or header_bytes > min(size - 8, _MAX_JSON_BYTES):
        return False
    with path.open("rb") as stream:
        stream.seek(8)
        try:
            header = json.loads(stream.read(header_bytes))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            return bool(8 + header_bytes + max(ends, default=0) == size)
        except (ValueError, RecursionError, TypeError, LookupError):
            return False


def _is_onnx(head: bytes, path: Path, size: int) -> bool:
    """Return True if it begins with a field of a model, or is a model of TensorFlow Lite."""
    return head[0] in _ONNX_TAGS or head[4:8] == b"TFL3"


def _is_ctranslate2(head: bytes, path: Path, size: int) -> bool:
    return len(head) > 4 and 0 < int.from_bytes(head[:4], "little") <= _MAX_CTRANSLATE2_VERSION


def _is_json(head: bytes, path: Path, size: int) -> bool:
    if size > _MAX_JSON_BYTES:
        return False
    try:
        return isinstance(json.loads(path.read_bytes()), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_text(head: bytes, path: Path, size: int) -> bool:
    return not head.startswith((_GZIP, _ZIP)) and b"\0" not in head


_FORMATS: Mapping[str, Callable[[bytes, Path, int], bool]] = MappingProxyType(
    {
        "pickle": _is_pickle,
        "safetensors": _is_safetensors,
        "arrays": lambda head, path, size: head.startswith(b"\x93NUMPY") or _is_pickle(head, path, size),
        "torchscript": _is_zip,
        "tensorflow": lambda head, path, size: True,  # bare numbers
        "tensorflow-index": lambda head, path, size: head[0] == 0,
        "tflite": lambda head, path, size: head[4:8] == b"TFL3",
        "keras": lambda head, path, size: head.startswith((b"\x89HDF\r\n\x1a\n", _GZIP)),
        "onnx": _is_onnx,
        "ctranslate2": _is_ctranslate2,
        "sentencepiece": lambda head, path, size: head[:1] == b"\x0a",
        "zip": _is_zip,
        "gzip": lambda head, path, size: head.startswith(_GZIP),
        "json": _is_json,
        "text": _is_text,
    }
)


def _is_page(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_PAGE_STARTS)


def _kind(head: bytes) -> str:
    if _is_page(head):
        return "a web page"
    if head.startswith(_GZIP):
        return "a file packed by gzip"
    if head.startswith(_ZIP):
        return "a zip archive or a part of one"
    return f"something else (it begins with {head[:16]!r})"


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeio' else 'a'} {name} file"
