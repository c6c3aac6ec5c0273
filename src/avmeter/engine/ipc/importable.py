"""Which classes another process can import by their name."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def is_importable(cls: type) -> bool:
    """Return True if a fresh interpreter with this one's `sys.path` finds `cls` under its module and name.

    False for classes of a script or a notebook, of a function, and of modules that were loaded from elsewhere.
    """
    found: object = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is cls and _is_on_path(cls.__module__)


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
