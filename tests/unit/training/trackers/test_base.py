"""The interface, and the tracker that is a function."""

from __future__ import annotations

import sys

import pytest

from avmeter.errors import MissingDependencyError
from avmeter.training.trackers.base import FunctionTracker, import_tracker


def test_function_gets_numbers_and_step() -> None:
    """A dict of its own, which it may change."""
    calls = []
    scalars = {"a": 1.0}
    FunctionTracker(lambda found, step: calls.append((found, step))).log_scalars(scalars, step=3)
    assert calls == [({"a": 1.0}, 3)]
    assert calls[0][0] is not scalars
    with pytest.raises(NotImplementedError):
        FunctionTracker(print).log_clips([], step=3)


def test_absent_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is imported before a tracker is made."""
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingDependencyError, match="pip install wandb"):
        import_tracker("wandb")
