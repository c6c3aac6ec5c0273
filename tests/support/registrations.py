"""Metrics that a test registers, for the time of the test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from avmeter.registry import METRICS


@contextlib.contextmanager
def forgotten_registrations() -> Iterator[None]:
    """Forget afterwards what was registered meanwhile, but for metrics of the package that were first loaded then."""
    classes, overridden = dict(METRICS._classes), set(METRICS._overridden)
    yield
    builtin = METRICS.builtin()
    loaded = {name: cls for name, cls in METRICS._classes.items() if cls.__module__ == builtin.get(name)}
    METRICS._classes = {**loaded, **classes}
    METRICS._overridden = overridden
