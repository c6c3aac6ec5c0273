"""What produced the scores of a run: everything that is needed to repeat or to doubt them."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.metrics.base import Metric
from avmeter.metrics.requirements import requirements_of
from avmeter.runtime.device import describe_device

_PACKAGES = (
    "avmeter", "torch", "av", "soxr", "numpy", "transformers", "faster-whisper", "ctranslate2", "onnxruntime",
)  # fmt: skip


def provenance(
    metrics: Mapping[str, Metric], config: EvaluatorConfig, counts: Counts, *, duration_s: float
) -> dict[str, Any]:
    """Return JSON values that describe a run.

    Args:
        metrics: Name -> metric, of those that were computed.
        config: How they were computed.
        counts: What was computed.
        duration_s: How long it took, seconds.
    """
    weights = config.weights_source
    needed = [requirements_of(metric) for metric in metrics.values()]
    checkpoints = dict.fromkeys(e for r in needed for e in r.usable_checkpoints(weights))
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "duration_s": round(duration_s, 3),
        "versions": {"python": platform.python_version(), **_versions()},
        "platform": platform.platform(),
        "device": " + ".join([describe_device(config.torch_device)] * config.num_devices),
        "precision": config.precision,
        "weights": {e: weights.fingerprint(e) for e in checkpoints},
        "dummy_weights": weights.is_dummy,
        "metrics": {
            n: {"direction": m.direction, "unit": m.unit, "range": list(m.range), "options": dict(m.options())}
            for n, m in metrics.items()
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
