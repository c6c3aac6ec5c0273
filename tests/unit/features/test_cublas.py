"""Where CTranslate2's cuBLAS is looked for."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path

import pytest

from avmeter.features import cublas


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    cublas.is_available.cache_clear()
    yield
    cublas.is_available.cache_clear()


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of libraries that were loaded, none of which the system finds by its name alone."""
    names: list[str] = []

    def load(name: str, mode: int = 0) -> None:
        if "/" not in name:
            raise OSError(f"{name}: cannot open shared object file")
        names.append(name)

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr("sys.platform", "linux")
    return names


def test_library_of_the_package_is_loaded_where_the_system_has_none(
    loaded: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """CTranslate2 finds what is loaded by its name."""
    library = tmp_path / "nvidia/cublas/lib/libcublas.so.12"
    library.parent.mkdir(parents=True)
    library.touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert cublas.is_available()
    assert loaded == [str(library)]


def test_without_system_and_package_there_is_none(loaded: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is loaded."""
    monkeypatch.setattr(cublas, "find_in_package", lambda place: None)
    assert not cublas.is_available()
    assert loaded == []
