"""Where a run computes: device, numeric precision, uploads, and what the environment says; each decided once, here.

Everything above reads it. It knows no feature, no metric and no engine; checkpoints are a Protocol to it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avmeter.runtime.cores import CoreShare
    from avmeter.runtime.precision import Precision
    from avmeter.runtime.runtime import CheckpointSource, Runtime

__all__ = ["CheckpointSource", "CoreShare", "Precision", "Runtime"]

_MODULES = {"CheckpointSource": "runtime", "CoreShare": "cores", "Precision": "precision", "Runtime": "runtime"}


def __getattr__(name: str) -> Any:
    """Import a name when it is used: who reads the environment alone needs no torch, which takes a second."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
