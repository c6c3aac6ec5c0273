"""Tensors of TorchScript archives."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from avmeter.errors import WeightsError
from avmeter.weights.torchscript_tensors import read_torchscript_tensors


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2))
        self.halved = nn.Linear(2, 5).half()
        self.register_buffer("length", torch.tensor(77))
        self.transposed = nn.Parameter(torch.arange(8.0).reshape(4, 2).t())
        self.mask = torch.ones(2)  # neither parameter nor buffer
        self.sizes = [1, 2]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x) * self.mask


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, torch.Tensor]]:
    path = tmp_path_factory.mktemp("archive") / "net.pt"
    net = Net()
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.script(net).save(str(path))
    return path, net.state_dict()


def rewritten(path: Path, target: Path, edit: dict[str, bytes]) -> Path:
    """A copy of an archive with other contents under some names."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, edit.get(name.partition("/")[2], old.read(name)))
    return target


def test_parameters_and_buffers_are_those_of_the_program(archive) -> None:
    """Names, types, order of axes and numbers; other attributes are left out."""
    path, expected = archive
    found = read_torchscript_tensors(path)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0)


def test_whatever_is_no_tensor_is_refused_and_not_run(archive, tmp_path) -> None:
    """A pickle that names a function of the operating system."""
    path = rewritten(archive[0], tmp_path / "bad.pt", {"data.pkl": b"cposix\nsystem\n(S'true'\ntR."})
    with pytest.raises(WeightsError, match=r"names posix\.system"):
        read_torchscript_tensors(path)


def test_tensor_beyond_its_storage_is_refused(archive, tmp_path) -> None:
    """Numbers are missing."""
    path = rewritten(archive[0], tmp_path / "cut.pt", {"data/0": b"\0" * 4})
    with pytest.raises(WeightsError, match="not a TorchScript archive"):
        read_torchscript_tensors(path)


def test_other_file_is_named(tmp_path) -> None:
    """No archive, and an archive of something else."""
    path = tmp_path / "other.pt"
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"other\.pt"):
        read_torchscript_tensors(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/b", b"")
    with pytest.raises(WeightsError, match=r"other\.pt"):
        read_torchscript_tensors(path)
