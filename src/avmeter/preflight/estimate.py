"""How long a run may take, from what its features took on this machine before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from avmeter.engine.compute.store_share import StoreShare


@dataclass(frozen=True, kw_only=True)
class TimeEstimate:
    """Seconds, as far as they are known.

    Attributes:
        seconds: Of the features that were measured before; None if none of those that are missing was.
        unmeasured: Names of extractors that never ran on this machine.
    """

    seconds: float | None
    unmeasured: tuple[str, ...] = ()


def estimate_time(
    share: StoreShare, rates: Mapping[str, float], *, share_of_samples: float, num_devices: int = 1
) -> TimeEstimate:
    """Return how long the features that are not in the store take; loading networks comes on top.

    Args:
        share: Features of the samples that were looked at.
        rates: Identity of an extractor -> seconds of a feature on one device.
        share_of_samples: Which part of the set was looked at, above 0 to 1.
        num_devices: How many devices share the work.
    """
    missing = {identity: n for identity in share.needed if (n := share.missing(identity))}
    if not missing:
        return TimeEstimate(seconds=0.0)
    known = [rates[identity] * n for identity, n in missing.items() if identity in rates]
    unmeasured = tuple(dict.fromkeys(_name(identity) for identity in missing if identity not in rates))
    seconds = sum(known) / share_of_samples / num_devices if known else None
    return TimeEstimate(seconds=seconds, unmeasured=unmeasured)


def _name(identity: str) -> str:
    return str(json.loads(identity)[0])
