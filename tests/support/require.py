"""What a test needs beyond this checkout, and what happens where that is absent.

Absent things skip a test, unless `AVMETER_REQUIRE` names their kind (comma-separated, or `all`): then it fails, so that
a green run cannot be thin.

    kind       what is absent
    gpu        a GPU that torch can use
    browser    a headless Chromium
    packages   a Python package that is an extra of this one
    trainers   a tracker or trainer that users bring: the group `trainers` of pyproject.toml
    weights    trained weights or vocabularies, from installed packages or the weights folder
    fetched    trained weights that no package of requirements-weights.txt carries, in the weights folder or the cache
    media      real media clips beside the checkout
    goldens    published outputs over those clips, beside the checkout
    codecs     an encoder in the libav of PyAV
    system     something of the operating system: /proc, a user who is not root, file names, strace
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

from avmeter.errors import MissingDependencyError
from avmeter.weights import WeightsSource
from support.paths import MEDIA, SHARED

KINDS = ("gpu", "browser", "packages", "trainers", "weights", "fetched", "media", "goldens", "codecs", "system")


def is_required(kind: str) -> bool:
    """True if the absence of this kind is a failure."""
    assert kind in KINDS, kind
    named = {n.strip() for n in os.environ.get("AVMETER_REQUIRE", "").split(",")} - {""}
    unknown = named - {*KINDS, "all"}
    assert not unknown, f"AVMETER_REQUIRE names no kind of thing: {', '.join(sorted(unknown))}"
    return bool({kind, "all"} & named)


def absent(kind: str, reason: str) -> NoReturn:
    """Skip the test (or the module, while it is imported); fail if `kind` is required."""
    if is_required(kind):
        pytest.fail(f"AVMETER_REQUIRE asks for {kind}: {reason}")
    pytest.skip(reason, allow_module_level=True)


def needs(kind: str, present: bool, reason: str) -> pytest.MarkDecorator:
    """Mark for a test that needs something: with `present` false it is skipped or, if required, fails."""
    assert kind in KINDS, kind
    return pytest.mark.needs(kind, present, reason)


def package(name: str) -> ModuleType:
    """The imported package; for the top of a module whose tests all need it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        absent("packages", f"{name} is not installed ({error})")


def trainer(name: str) -> ModuleType:
    """The imported module of a tracker or trainer."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        absent("trainers", f"{name} is not installed ({error}); `make test-trainers` does it")


@contextmanager
def dependencies() -> Iterator[None]:
    """Around code of this package that says itself which package it lacks."""
    try:
        yield
    except MissingDependencyError as error:
        absent("packages", error.message)


def media(name: str) -> Path:
    """A real clip."""
    path = MEDIA / name
    if not path.is_file():
        absent("media", f"the clip {name} is not beside the checkout")
    return path


def golden(name: str) -> Path:
    """A file of published outputs over real clips."""
    path = SHARED / "golden" / name
    if not path.is_file():
        absent("goldens", f"{name} with the cases of real clips is not beside the checkout")
    return path


def weights(*entries: str) -> None:
    """Checkpoints of the catalog that must be on this machine."""
    _checkpoints("weights", entries)


def fetched(*entries: str) -> None:
    """Checkpoints that somebody has to have fetched, or installed a package for that `make setup` does not."""
    _checkpoints("fetched", entries)


def _checkpoints(kind: str, entries: Sequence[str]) -> None:
    source: Any = WeightsSource.parse("auto")
    missing = [entry for entry in entries if not source.available(entry)]
    if missing:
        absent(kind, f"not on this machine: {', '.join(missing)}; see `avmeter weights list`")
