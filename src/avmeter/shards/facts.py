"""What a shard says of the run that it is a part of, and whether several of them belong together."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.engine.config import EvaluatorConfig
from avmeter.plain import to_json
from avmeter.sample import Sample

SHARD = "shard"
"""Key in the provenance of a shard."""
_LONGEST_SHOWN = 70
_LIGHT = (str, int, float, bool)


def config_facts(config: EvaluatorConfig) -> dict[str, Any]:
    """Return what metrics are made from, beside their names, and what else decides about scores."""
    limits = dataclasses.asdict(config.limits) if dataclasses.is_dataclass(config.limits) else {}
    return {"options": {n: dict(o) for n, o in (config.options or {}).items()},
            "protocol": config.protocol, "limits": limits}  # fmt: skip


def hash_of_inputs(samples: Sequence[Sample]) -> str:
    """Return a hash of what a set holds: ids, roles, texts, names of files, and how they are read.

    Folders do not enter: machines see one set under several paths.
    """
    digest = hashlib.sha256()
    for sample in samples:
        media = {
            name: [source.path.name if source.path is not None else str(source), source.audio_stream, source.fps]
            for name, source in sample.media.items()
        }
        extras = {str(k): v for k, v in sample.extras.items() if isinstance(v, _LIGHT)}
        facts = [sample.id, sample.role, dict(sample.texts), media, extras, sample.fps, sorted(sample.problems)]
        digest.update(f"{to_json(facts)}\n".encode())
    return digest.hexdigest()


def comparable_facts(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return by name what must be equal in all shards of one run."""
    shard = provenance[SHARD]
    metrics, weights, versions = (provenance.get(k, {}) for k in ("metrics", "weights", "versions"))
    return {
        "number of shards": shard["count"],
        "inputs": f"{shard['num_samples']} samples with hash {shard['inputs'][:12]}",
        "metrics": shard["metrics"],
        "protocol": shard["protocol"],
        **{f"options of {name}": metric.get("options") for name, metric in metrics.items()},
        "options": shard["options"],
        "limits": shard["limits"],
        "precision": provenance.get("precision"),
        "stand-in weights": provenance.get("dummy_weights"),
        **{f"weights of {entry}": fingerprint for entry, fingerprint in weights.items()},
        **{f"version of {package}": version for package, version in versions.items()},
        "extractors": provenance.get("extractors"),
        "clusters and breakdowns": shard["grouping"],
    }


def describe_differences(facts: Mapping[str, Any], others: Mapping[str, Any]) -> list[str]:
    """Return what differs, by name, with both values."""
    names = [*facts, *(name for name in others if name not in facts)]
    return [
        f"{name} ({_shown(facts.get(name))} and {_shown(others.get(name))})"
        for name in names
        if facts.get(name) != others.get(name)
    ]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
