"""`avmeter doctor`: what is here, what is missing, and what is broken."""

from __future__ import annotations

import sys

import pytest

from avmeter.registry import list_metrics
from support.commandline import avmeter

FRAGILE = ("torchaudio", "torchvision")


@pytest.fixture
def broken_torchaudio(tmp_path, monkeypatch):
    """A torchaudio that was built for another torch, first on the path."""

    def make(statement: str, *, with_metadata: bool = True) -> None:
        (tmp_path / "torchaudio").mkdir()
        (tmp_path / "torchaudio" / "__init__.py").write_text(statement)
        if with_metadata:
            info = tmp_path / "torchaudio-2.1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torchaudio\nVersion: 2.1.0\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    yield make
    for name in [n for n in sys.modules if n.split(".")[0] == "torchaudio"]:
        del sys.modules[name]


def test_machine_metrics_and_packages_are_shown():
    """Versions, device, store, and a line for every metric with what it still needs."""
    done = avmeter("doctor")
    lines = done.out.splitlines()
    for said in ("python: ", "device: ", "store: ", "package: torch ", "package: av "):
        assert any(said in line for line in lines), said
    for name in list_metrics():
        assert any(f" {name}: " in line for line in lines)
    assert any(line.startswith("ok      audio.loudness: ready") for line in lines)
    assert done.code == 0
    assert done.err == ""


@pytest.mark.parametrize(
    "statement",
    [
        "raise OSError('libtorchaudio.so: undefined symbol: _ZN2at4_ops')",
        "raise ImportError('no libcudart')",
        "raise RuntimeError('compiled against another CUDA')",
        "import torch; torch.there_is_no_such_name",
    ],
)
def test_torchaudio_that_cannot_load_is_named(broken_torchaudio, statement):
    """A torchaudio built for another torch is a problem with its version, its error and what to do; exit code 1."""
    broken_torchaudio(statement)
    done = avmeter("doctor")
    assert done.code == 1
    lines = done.out.splitlines()
    (at,) = (i for i, line in enumerate(lines) if line.startswith("problem"))
    assert "torchaudio 2.1.0 cannot load beside torch" in lines[at]
    assert "pip uninstall torchaudio" in lines[at + 1]
    assert "Traceback" not in done.out + done.err


def test_torchaudio_without_metadata_is_named_too(broken_torchaudio):
    """A copy that no package manager knows does not stop the diagnosis."""
    broken_torchaudio("raise OSError('undefined symbol')", with_metadata=False)
    assert "torchaudio (of unknown version) cannot load" in avmeter("doctor").out


def test_torchaudio_that_loads_is_fine(broken_torchaudio):
    """A working one is not complained about."""
    broken_torchaudio("")
    done = avmeter("doctor")
    assert done.code == 0
    assert "torchaudio 2.1.0 loads" in done.out
