"""One line that says what a score is, as sacrebleu's signatures do: two scores compare where their lines are equal.

    audio.frechet_distance@panns|backbone:panns|weights:panns-cnn14=2f1a3c9d|protocol:av-benchmark|precision:float32
    |n:1000|skipped:3|avmeter:0.1.0

(on one line). Options that stand for nothing (None, False) are left out; `weights` has the first eight digits of each
checkpoint's SHA-256, or `dummy`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from avmeter.run.score_table import ScoreTable

_DIGITS = 8
_DUMMY = "dummy"  # in the provenance of a run, in place of a checkpoint's hash


def signature(results: ScoreTable, metric: str) -> str:
    """Return the signature of a metric's score over a whole run."""
    given, scored = _counts(results, metric)
    return "|".join([*_identity(results, metric), f"n:{scored}", f"skipped:{given - scored}", _version(results)])


def comparable_part(results: ScoreTable, metric: str) -> str:
    """Return what must be equal in two runs for their scores to compare: the signature without counts and version."""
    return "|".join(_identity(results, metric))


def _identity(results: ScoreTable, metric: str) -> list[str]:
    options = dict(_mapping(results.fact(metric, "options")))
    protocol = options.pop("protocol", None)
    fields = [metric, *(f"{name}:{_shown(value)}" for name, value in options.items() if value not in (None, False))]
    weights = _weights(results, metric)
    if weights:
        fields.append(f"weights:{weights}")
    if protocol is not None:
        fields.append(f"protocol:{_shown(protocol)}")
    precision = results.provenance.get("precision")
    return [*fields, f"precision:{precision}"] if precision else fields


def _weights(results: ScoreTable, metric: str) -> str:
    known = _mapping(results.provenance.get("weights"))
    names = results.fact(metric, "checkpoints")
    found = [name for name in names if name in known] if isinstance(names, list) else []
    if found and all(known[name] == _DUMMY for name in found):
        return _DUMMY
    return ",".join(f"{name}={str(known[name])[:_DIGITS]}" for name in sorted(found))


def _counts(results: ScoreTable, metric: str) -> tuple[int, int]:
    """Return how many samples were to be scored, and how many were."""
    rows = [results[i] for i in results.scored_positions]
    if any(metric in row for row in rows):
        return len(rows), sum(metric in row and row[metric].score is not None for row in rows)
    corpus = results.corpus.get(metric)
    used = corpus.details.get("n_used") if corpus is not None else None
    return len(rows), used if isinstance(used, int) else len(rows)


def _version(results: ScoreTable) -> str:
    return f"avmeter:{_mapping(results.provenance.get('versions')).get('avmeter', 'unknown')}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text.replace("|", "/")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
