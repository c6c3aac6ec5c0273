"""Fused kernels are left out where they do not run."""

from __future__ import annotations

import logging
import sys

import pytest
import torch

from avmeter.nets.fused import OperandRangeError, availability
from avmeter.nets.fused.availability import fuse_where_possible, is_available

GPU = torch.device("cuda")


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    is_available.cache_clear()


def test_no_kernels_on_the_cpu() -> None:
    """Triton is not even looked for."""
    assert not is_available(torch.device("cpu"))


def test_no_kernels_on_cards_before_ampere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their matrix units know no bfloat16."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert not is_available(GPU)


def test_where_triton_fails_the_plain_networks_run_and_the_log_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without Triton, or without its compiler, a run is slower and not broken; it is said once."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    monkeypatch.setitem(sys.modules, "avmeter.nets.fused.gelu_product", None)
    with caplog.at_level(logging.WARNING, logger="avmeter"):
        assert not is_available(GPU)
        assert not is_available(GPU)
    assert len(caplog.records) == 1
    assert "networks run without them" in caplog.text


class Failing:
    """A network that cannot be fused, for a reason of its own."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def fuse(self, dtype: torch.dtype) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "warnings"),
    [(RuntimeError("out of resource: shared memory"), 1), (OperandRangeError("values of up to 1e6"), 0)],
    ids=["a kernel fails", "operands might overflow"],
)
def test_network_that_cannot_be_fused_stays_and_only_failures_are_warned_of(
    error: Exception, warnings: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No clip is lost for a kernel that some card or version of Triton does not run."""
    monkeypatch.setattr(availability, "is_available", lambda device: True)
    with caplog.at_level(logging.INFO, logger="avmeter"):
        fuse_where_possible(Failing(error), torch.float16, GPU)
    assert [r.levelname for r in caplog.records].count("WARNING") == warnings
    assert str(error) in caplog.text
