"""What produced the scores of a run: everything that is needed to repeat or to doubt them."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from avmeter.engine.compute.computer import Counts
from avmeter.metrics.base import Metric
from avmeter.metrics.requirements import requirements_of
from avmeter.runtime import Runtime
from avmeter.runtime.device import describe_device

_PACKAGES = (
    "avmeter", "torch", "av", "soxr", "numpy", "transformers", "faster-whisper", "ctranslate2", "onnxruntime",
)  # fmt: skip


def provenance(
    metrics: Mapping[str, Metric], runtime: Runtime, counts: Counts, *, num_devices: int, duration_s: float
) -> dict[str, Any]:
    """JSON values that describe a run.

    Args:
        metrics: Name -> metric, of those that were computed.
        runtime: Device, precision, weights.
        counts: What was done.
        num_devices: How many devices like the runtime's did it.
        duration_s: How long it took.
    """
    needed = [requirements_of(metric) for metric in metrics.values()]
    checkpoints = dict.fromkeys(e for r in needed for e in r.usable_checkpoints(runtime.weights))
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "duration_s": round(duration_s, 3),
        "versions": {"python": platform.python_version(), **_versions()},
        "platform": platform.platform(),
        "device": " + ".join([describe_device(runtime.device)] * num_devices),
        "precision": runtime.precision,
        "weights": {e: runtime.weights.fingerprint(e) for e in checkpoints},
        "dummy_weights": runtime.weights.is_dummy,
        "metrics": {
            n: {"direction": m.direction, "unit": m.unit, "options": dict(m.options())} for n, m in metrics.items()
        },
        "extractors": sorted({x.identity() for r in needed for x in r.extractors}),
        "computed": counts.computed,
        "from_store": counts.from_store,
        "command": sys.argv,
    }


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
