"""Metrics and extractors that a test registers, for the time of the test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from avmeter.registry import EXTRACTORS, METRICS


@contextlib.contextmanager
def forgotten_registrations() -> Iterator[None]:
    """Forget afterwards what was registered meanwhile, but for what is the package's own and was first loaded then."""
    registries = (METRICS, EXTRACTORS)
    before = [(dict(registry._classes), set(registry._overridden)) for registry in registries]
    try:
        yield
    finally:
        for registry, (classes, overridden) in zip(registries, before, strict=True):
            builtin = registry.builtin()
            loaded = {name: cls for name, cls in registry._classes.items() if cls.__module__ == builtin.get(name)}
            registry._classes = {**loaded, **classes}
            registry._overridden = overridden
