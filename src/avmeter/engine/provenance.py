"""What produced the scores of a run: everything that is needed to repeat or to doubt them."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from avmeter.engine.compute.counts import Counts
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.versions import installed_versions
from avmeter.metrics.base import Metric
from avmeter.metrics.requirements import requirements_of
from avmeter.runtime.device import describe_device


def provenance(
    metrics: Mapping[str, Metric],
    config: EvaluatorConfig,
    counts: Counts,
    *,
    duration_s: float,
    devices: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return JSON values that describe a run.

    Args:
        metrics: Name -> metric, of those that were computed.
        config: How they were computed.
        counts: What was computed.
        duration_s: How long it took, seconds.
        devices: Human-readable names of the devices that computed; default is that of the configuration.
    """
    weights = config.weights_source
    needed = [requirements_of(metric) for metric in metrics.values()]
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "duration_s": round(duration_s, 3),
        "versions": {"python": platform.python_version(), **installed_versions()},
        "platform": platform.platform(),
        "device": " + ".join(devices or [describe_device(config.torch_device)]),
        "precision": config.precision,
        "decoder": config.decoder,
        "weights": {e: found for r in needed for e, found in r.fingerprints(weights).items()},
        "dummy_weights": weights.is_dummy,
        "metrics": {
            n: {
                "direction": m.direction,
                "unit": m.unit,
                "range": list(m.range),
                "options": dict(m.options()),
                "checkpoints": list(r.usable_checkpoints(weights)),
            }
            for (n, m), r in zip(metrics.items(), needed, strict=True)
        },
        "extractors": sorted({x.identity() for r in needed for x in r.extractors}),
        "computed": counts.computed,
        "store_reads": counts.store_reads,
        "seconds_per_feature": {
            identity: round(counts.seconds[identity] / number, 6) for identity, number in counts.timed.items() if number
        },
        "command": sys.argv,
    }
