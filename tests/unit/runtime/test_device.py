"""Names of devices: what they mean here, and how a device is called."""

from __future__ import annotations

import platform

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.runtime.device import describe_device, device_named, require_gpus


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine with two GPUs, as far as torch can tell."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    return monkeypatch


@pytest.fixture
def no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)


@pytest.mark.usefixtures("gpus")
def test_auto_is_the_gpu_where_there_is_one() -> None:
    """Other names mean themselves."""
    assert device_named("auto") == torch.device("cuda")
    assert device_named("cuda:1") == torch.device("cuda", 1)
    assert device_named("cpu") == torch.device("cpu")


@pytest.mark.usefixtures("no_gpus")
def test_auto_is_the_cpu_without_a_gpu() -> None:
    """Without a warning: nothing else was asked for."""
    assert device_named("auto") == torch.device("cpu")


@pytest.mark.usefixtures("no_gpus")
def test_gpu_that_is_not_there_is_the_cpu_with_a_warning() -> None:
    """The run goes on, and says where."""
    with pytest.warns(UserWarning, match="'cuda:0': no GPU that torch can use"):
        assert device_named("cuda:0") == torch.device("cpu")


def test_name_that_is_no_device_is_refused() -> None:
    """The message has the name, the hint names that are."""
    with pytest.raises(UsageError, match="'gpu' is not a torch device") as caught:
        device_named("gpu")
    assert "cuda:0" in caught.value.hint


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize("device", ["auto", "cuda", "cuda:0"])
def test_as_many_gpus_as_there_are_may_be_asked_for(device: str) -> None:
    """Up to all of them."""
    require_gpus(2, device)


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize(
    ("count", "device", "message"), [(3, "auto", "torch sees 2"), (2, "cuda:1", "first 2 GPUs"), (1, "cpu", "first 1")]
)
def test_more_gpus_than_there_are_or_others_than_the_first_are_refused(count: int, device: str, message: str) -> None:
    """Both counts are in the message; `CUDA_VISIBLE_DEVICES` is the way to others."""
    with pytest.raises(UsageError, match=message):
        require_gpus(count, device)


def test_devices_have_names_for_a_report(gpus: pytest.MonkeyPatch) -> None:
    """The model of a GPU, the architecture of a CPU."""
    gpus.setattr(torch.cuda, "get_device_name", lambda device: f"NVIDIA {device}")
    assert describe_device(torch.device("cuda", 1)) == "NVIDIA cuda:1"
    assert describe_device(torch.device("cpu")) == f"cpu ({platform.machine()})"


def test_device_without_values_is_refused():
    """Tensors on it have shapes only: a run would fail clip by clip."""
    with pytest.raises(UsageError, match="computes nothing"):
        device_named("meta")
