"""Files make names known; nothing is imported before it is used, and nothing is listed by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avmeter.errors import UsageError
from avmeter.metrics.resolve import get_metric
from avmeter.registry import EXTRACTORS, METRICS, Registry, list_metrics
from support.paths import ROOT

SRC = ROOT / "src" / "avmeter"


def files(room: str) -> set[Path]:
    """Every module of a folder of `room`, but for what the others of its folder share."""
    return {p for p in (SRC / room).glob("*/*.py") if p.stem not in ("__init__", "base")}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty package `plugged` on the import path."""
    (tmp_path / "plugged").mkdir()
    (tmp_path / "plugged/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "plugged"
    for module in [m for m in sys.modules if m.partition(".")[0] == "plugged"]:
        del sys.modules[module]


def plugged() -> Registry:
    return Registry("metric", "plugged", prefix_of=lambda package: package.rpartition(".")[2] + ".", group="absent")


@pytest.mark.parametrize(("registry", "room"), [(METRICS, "metrics"), (EXTRACTORS, "features")])
def test_every_file_of_a_folder_is_registered_under_its_own_name(registry: Registry, room: str) -> None:
    """What a file is called, what it registers and what the class calls itself agree, and no file is passed over."""
    assert {Path(sys.modules[registry.get(n).__module__].__file__ or "") for n in registry.builtin()} == files(room)
    for name, module in registry.builtin().items():
        cls = registry.get(name)
        assert (cls.__module__, cls.name) == (module, name)


def test_new_folder_is_a_group_without_being_named_anywhere(packages: Path) -> None:
    """A metric of a group of its own needs no more than its file."""
    (packages / "lips").mkdir()
    (packages / "lips/__init__.py").touch()
    (packages / "lips/base.py").touch()
    (packages / "lips/sync.py").touch()
    assert plugged().names() == ["lips.sync"]


def test_file_that_registers_another_name_is_refused_with_both(packages: Path) -> None:
    """A misspelt decorator is found when the metric is first used, not when its scores are missed."""
    (packages / "lips").mkdir()
    (packages / "lips/__init__.py").touch()
    (packages / "lips/sync.py").touch()
    with pytest.raises(UsageError, match=r"plugged\.lips\.sync does not register a metric called `lips\.sync`"):
        plugged().get("lips.sync")


def test_class_is_called_what_it_is_registered_as() -> None:
    """The name is written once."""
    registry = plugged()

    class Parent:
        name: Any

    class Child(Parent):
        pass

    registry.add("user.parent", Parent)
    registry.add("user.child", Child)
    assert (Parent.name, Child.name) == ("user.parent", "user.child")


def test_metric_that_calls_itself_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its results would stand under a name that nobody asked for."""
    monkeypatch.setattr(METRICS, "_classes", dict(METRICS._classes))

    class Renamed(METRICS.get("audio.loudness")):  # type: ignore[misc]
        name = "user.other"

    METRICS.add("user.renamed", Renamed)
    with pytest.raises(UsageError, match=r"`user\.renamed` calls itself `user\.other`"):
        get_metric("user.renamed")


def test_listing_loads_neither_torch_nor_a_metric() -> None:
    """Completion and help of the command line are quick."""
    code = (
        "import sys; from avmeter.registry import EXTRACTORS, list_metrics; list_metrics(); EXTRACTORS.names();"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "torch" not in loaded
    assert "numpy" not in loaded
    assert not [m for m in loaded if m in {*METRICS.builtin().values(), *EXTRACTORS.builtin().values()}]
    assert list_metrics("av") == [n for n in list_metrics() if n.startswith("av.")]


def test_name_that_is_taken_is_given_up_only_when_asked(packages: Path) -> None:
    """And not taken back by the file behind it, which may be imported later."""
    (packages / "lips").mkdir()
    (packages / "lips/__init__.py").touch()
    (packages / "lips/sync.py").touch()
    registry = plugged()
    one, other, own = (type(n, (), {}) for n in ("One", "Other", "Own"))
    own.__module__ = "plugged.lips.sync"
    registry.add("lips.sync", one)
    with pytest.raises(UsageError, match="already registered") as caught:
        registry.add("lips.sync", other)
    assert "override=True" in caught.value.hint
    registry.add("lips.sync", other, override=True)
    registry.add("lips.sync", own)
    assert registry.get("lips.sync") is other
