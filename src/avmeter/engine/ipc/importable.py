"""Which classes and functions another process can import by their name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import FunctionType


def is_importable(named: type | FunctionType) -> bool:
    """Return True if a fresh interpreter with this one's `sys.path` finds it under its module and name.

    False for what belongs to a script or a notebook, of a function, and of modules that were loaded from elsewhere.
    """
    found: object = sys.modules.get(named.__module__)
    for name in named.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is named and _is_on_path(named.__module__)


def _is_on_path(module: str) -> bool:
    """Return True if the import system finds the file that a loaded module came from, without what is loaded."""
    path: Sequence[str] | None = None
    origin = None
    parts = module.split(".")
    for i in range(len(parts)):
        name = ".".join(parts[: i + 1])
        specs = (finder.find_spec(name, path) for finder in sys.meta_path)
        spec = next((s for s in specs if s is not None), None)
        if spec is None or name == "__main__":
            return False
        path, origin = spec.submodule_search_locations, spec.origin
    return origin == getattr(sys.modules[module].__spec__, "origin", None)
