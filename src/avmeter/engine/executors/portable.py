"""Which metrics can be computed in another process, and which samples be sent to it."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from avmeter.engine.ipc.importable import is_importable
from avmeter.metrics.base import Metric
from avmeter.metrics.simple_form import SimpleAdapter
from avmeter.registry import EXTRACTORS
from avmeter.sample import Sample

_PLAIN = {type(None), bool, int, float, str, bytes}


def is_portable(metric: Metric) -> bool:
    """Return True if another process can import the metric and its extractors by name.

    Metrics in the simple form stay here: they are set up on this process's device, and need not be able to merge.
    """
    if isinstance(metric, SimpleAdapter):
        return False
    return is_importable(type(metric)) and all(map(is_importable, _extractors(metric)))


def can_travel(samples: Iterable[Sample], pickle_value: Callable[[Any], object] | None = None) -> bool:
    """Return True if another process can read these samples: `extras` may hold locks, or classes of a script.

    Args:
        samples: The samples.
        pickle_value: Pickles a value as it will be; default is by names that the other process imports.
    """
    dump = pickle_value or _pickle_by_name
    return all(type(value) in _PLAIN or _is_readable(value, dump) for s in samples for value in s.extras.values())


def _is_readable(value: Any, dump: Callable[[Any], object]) -> bool:
    try:
        dump(value)
    except Exception:  # noqa: BLE001 - what is pickled may be anybody's code
        return False
    return True


def _pickle_by_name(value: Any) -> None:
    _NamedImports(io.BytesIO(), protocol=5, buffer_callback=lambda _: None).dump(value)


class _NamedImports(pickle.Pickler):
    """Refuses what is pickled by a name that another process does not find."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, type | FunctionType) and not is_importable(obj):
            raise pickle.PicklingError(f"{obj} cannot be imported")
        return NotImplemented


def extractor_modules(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """Return the modules that register the extractors of these metrics, sorted."""
    return tuple(sorted({cls.__module__ for metric in metrics for cls in _extractors(metric)}))


def _extractors(metric: Metric) -> list[type]:
    return [EXTRACTORS.get(need.extractor) for need in metric.needs]
