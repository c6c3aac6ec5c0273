"""What of a plan is in the store, and what has to be computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from avmeter.engine.compute.keys import Fingerprints
from avmeter.engine.compute.store_share import StoreShare
from avmeter.engine.plan import ABSENT, FeatureRequest, Outcome, Plan
from avmeter.engine.store import FeatureKey, Store
from avmeter.features.base import DerivedExtractor
from avmeter.result import Skip
from avmeter.sample import MediaSource

FoundT = TypeVar("FoundT")

Keyed = Mapping[FeatureKey, Sequence[FeatureRequest]]
"""Requests by the key under which their feature is stored: equal content may be asked for under several names."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What is known of a plan before anything is computed.

    Attributes:
        known: Requests that are skips, or whose feature is stored.
        num_stored: Features that were read from the store.
        direct: Features to be computed from media and texts.
        derived: Features to be computed from others.
    """

    known: Mapping[FeatureRequest, Outcome]
    num_stored: int
    direct: Keyed
    derived: Keyed

    @property
    def num_jobs(self) -> int:
        """Features to be computed."""
        return len(self.direct) + len(self.derived)


class Lookup:
    """Looks features up.

    Args:
        store: Where they are stored.
        fingerprints: Part of their keys.
    """

    def __init__(self, store: Store, fingerprints: Fingerprints) -> None:
        self._store = store
        self._fingerprints = fingerprints

    def demand(self, plan: Plan, content: Mapping[str, str | Skip]) -> Demand:
        """Return what has to be computed of a plan, and what is known.

        Args:
            plan: The plan.
            content: Content keys of its sources, by name.
        """
        known, requests = self._by_key(plan, content)
        stored = _find(requests, plan, self._store.get)
        for key, features in stored.items():
            known.update(dict.fromkeys(requests[key], features))
        if len(stored) == len(requests):
            return Demand(known=known, num_stored=len(stored), direct={}, derived={})
        missing = {k: r for k, r in requests.items() if k not in stored}
        derived = {k: r for k, r in missing.items() if isinstance(plan.extractors[r[0].extractor], DerivedExtractor)}
        direct = _without_unneeded_parents({k: r for k, r in missing.items() if k not in derived}, derived, plan)
        return Demand(known=known, num_stored=len(stored), direct=direct, derived=derived)

    def share(self, plan: Plan, content: Mapping[str, str | Skip]) -> StoreShare:
        """Return what metrics need of a plan and what of that is in the store."""
        _, requests = self._by_key(plan, content)
        needed = _needed(plan)
        share = StoreShare()
        stored = _find(requests, plan, lambda keys: dict.fromkeys(self._store.find(keys)))
        key_of = {request: key for key, same in requests.items() for request in same}
        for request in needed & key_of.keys():
            needed.update(() if key_of[request] in stored else plan.requests[request])
        for key, same in requests.items():
            if needed.intersection(same):
                share.add(same[0].extractor, is_stored=key in stored)
        return share

    def _by_key(
        self, plan: Plan, content: Mapping[str, str | Skip]
    ) -> tuple[dict[FeatureRequest, Outcome], dict[FeatureKey, list[FeatureRequest]]]:
        """Return what has a skip in place of a key, and the other requests by their keys."""
        skips: dict[FeatureRequest, Outcome] = {}
        requests: dict[FeatureKey, list[FeatureRequest]] = {}
        for request in plan.requests:
            key = self._fingerprints.key(request, plan, content)
            if isinstance(key, Skip):
                skips[request] = key
            else:
                requests.setdefault(key, []).append(request)
        return skips, requests


def is_repeatable(request: FeatureRequest, plan: Plan) -> bool:
    """Return True if everything that a request reads can come again: files, bytes of files, texts; not arrays."""
    return all(_can_come_again(plan.sources[name]) for name in request.sources if name != ABSENT)


def _can_come_again(source: MediaSource | str) -> bool:
    return isinstance(source, str) or source.is_repeatable


def _find(
    requests: Keyed, plan: Plan, look_up: Callable[[Iterator[FeatureKey]], dict[FeatureKey, FoundT]]
) -> dict[FeatureKey, FoundT]:
    """Look up what metrics need; what that was derived from, which is large, only where it is derived anew."""
    key_of = {request: key for key, same in requests.items() for request in same}
    found: dict[FeatureKey, FoundT] = {}
    wanted: Iterable[FeatureRequest] = _needed(plan)
    once = {name for name, s in plan.sources.items() if not _can_come_again(s)}
    while keys := {key: r for r in wanted if (key := key_of.get(r)) is not None and key not in found}:
        found |= look_up(key for key, request in keys.items() if once.isdisjoint(request.sources))
        wanted = [parent for key, r in keys.items() if key not in found for parent in plan.requests[r]]
    return found


def _needed(plan: Plan) -> set[FeatureRequest]:
    """Return the requests that metrics read, and not only what they are derived from."""
    return {r for needs in plan.requested.values() for r in needs.values() if isinstance(r, FeatureRequest)}


def _without_unneeded_parents(direct: Keyed, derived: Keyed, plan: Plan) -> dict[FeatureKey, list[FeatureRequest]]:
    """Leave out what only features that are already stored were derived from."""
    needed = _needed(plan)
    for requests in derived.values():
        for request in requests:
            needed.update(plan.requests[request])
    return {k: left for k, r in direct.items() if (left := [x for x in r if x in needed])}
