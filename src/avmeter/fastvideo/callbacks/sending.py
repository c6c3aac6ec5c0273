"""A rank's part of a validation as it goes to rank 0."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from avmeter.engine.executors.corpus import CorpusState
from avmeter.engine.executors.part import PartialRun
from avmeter.errors import SkipCode
from avmeter.result import MetricResult, Skip


def sendable(part: PartialRun) -> PartialRun:
    """Return a part that can be pickled: a state that cannot is a failure of its metric, and such details are left out.

    Args:
        part: What this rank has scored.
    """
    if _can_be_pickled(part):
        return part
    states = {n: s if _can_be_pickled(s) else _without_state(n, s) for n, s in part.states.items()}
    return replace(part, rows=[_plain(row) for row in part.rows], states=states)


def _without_state(name: str, state: CorpusState) -> CorpusState:
    skip = Skip(
        code=SkipCode.FAILED,
        reason=f"{name}: what it has accumulated cannot be sent to rank 0",
        hint="keep numbers and arrays in the metric, and in the class of a module what it is",
    )
    return CorpusState(state=None, num_generated=state.num_generated, num_used=state.num_used, failure=skip)


def _plain(row: Mapping[str, MetricResult]) -> dict[str, MetricResult]:
    return {
        name: replace(result, details={k: v for k, v in result.details.items() if _can_be_pickled(v)})
        for name, result in row.items()
    }


def _can_be_pickled(value: Any) -> bool:
    try:
        pickle.dumps(value)
    except Exception:  # noqa: BLE001 - what is pickled may be anybody's code
        return False
    return True
