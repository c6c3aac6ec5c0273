"""Functions in compiled callers."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from avmeter.runtime.untraced import untraced


@untraced
def num_points(wave: torch.Tensor) -> tuple[type, bool]:
    """The type of a sum, which a compiler that traces makes a tensor of, and whether it traces."""
    return type(np.asarray(wave).sum()), torch.compiler.is_compiling()


@pytest.mark.filterwarnings("default")
def test_function_runs_as_it_is_in_a_compiled_caller() -> None:
    """Arguments and results pass through."""

    @torch.compile(backend="eager")
    def step(wave: torch.Tensor) -> tuple[torch.Tensor, tuple[type, bool]]:
        return wave * 2, num_points(wave)

    doubled, found = step(torch.ones(3))
    assert doubled.tolist() == [2.0, 2.0, 2.0]
    assert found == (np.float32, False)


def test_compiler_is_not_imported_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody compiles here."""
    monkeypatch.delitem(sys.modules, "torch._dynamo", raising=False)
    assert num_points(torch.ones(3)) == (np.float32, False)
    assert "torch._dynamo" not in sys.modules
    assert num_points.__name__ == "num_points"
