"""Features on their way: what has been seen of each, who waits for it, and what is known of a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from avmeter.engine.failures import INTERRUPTED
from avmeter.engine.plan import FeatureRequest, Outcome, Plan
from avmeter.engine.store import FeatureKey
from avmeter.features.base import Extractor, Window


class OpenPlan:
    """A plan of which not every outcome is known yet.

    Args:
        plan: The plan.
        progress: Called with the share of the requests that have their outcome, whenever one is added.

    Attributes:
        outcomes: Request -> what it came to.
        num_awaited: Requests whose outcome is being computed.
        jobs: Numbers of the jobs that were made for this plan.
        num_uncut: Those over media and texts whose windows are not all cut yet.
        num_underived: Those over other features whose windows are not cut yet.
    """

    def __init__(self, plan: Plan, progress: Callable[[float], None] | None = None) -> None:
        self.plan = plan
        self.outcomes: dict[FeatureRequest, Outcome] = {}
        self.num_awaited = 0
        self.jobs: list[int] = []
        self.num_uncut = 0
        self.num_underived = 0
        self._progress = progress
        self._followers: dict[FeatureRequest, list[tuple[FeatureRequest, Callable[[], None]]]] = {}

    @property
    def is_complete(self) -> bool:
        """Nothing is awaited."""
        return not self.num_awaited

    def record(self, requests: Sequence[FeatureRequest], outcome: Outcome) -> None:
        """Add the outcome of requests that were awaited."""
        self.num_awaited -= len(requests)
        self.outcomes.update(dict.fromkeys(requests, outcome))
        for request in requests:
            for follower, follow in self._followers.pop(request, ()):
                if self.is_derivable(follower):
                    follow()
        if self._progress is not None:
            self._progress(len(self.outcomes) / len(self.plan.requests))

    def follow(self, request: FeatureRequest, follow: Callable[[], None]) -> None:
        """Call back once everything that a request is derived from is known: now, or when the last of it comes."""
        if self.is_derivable(request):
            follow()
            return
        for parent in set(self.plan.requests[request]) - self.outcomes.keys():
            self._followers.setdefault(parent, []).append((request, follow))

    def is_derivable(self, request: FeatureRequest) -> bool:
        """Return True if everything that a request is derived from is known."""
        return all(parent in self.outcomes for parent in self.plan.requests[request])

    def interrupt(self) -> None:
        """Make a skip of every request without an outcome."""
        for request in self.plan.requests:
            self.outcomes.setdefault(request, INTERRUPTED)


@dataclass(kw_only=True)
class FeatureJob:
    """One feature of one source, and what has been seen of it.

    Attributes:
        key: Where it is stored.
        extractor: Computes it.
        is_stored: It goes into the store.
        reads_dummy: Features that it is derived from were made with stand-in weights.
        outputs: Index of a window -> outputs of the network.
        spans: Index of a window -> where it came from, without its arrays.
        num_windows: Number of windows, once all have been cut.
        facts: What the extractor says about the clip.
        outcome: What it came to, once that is known.
    """

    key: FeatureKey
    extractor: Extractor
    is_stored: bool = True
    reads_dummy: bool = False
    outputs: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    spans: dict[int, Window] = field(default_factory=dict)
    num_windows: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    _awaited_by: list[tuple[OpenPlan, Sequence[FeatureRequest]]] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """True if the outputs of all windows are there."""
        return self.num_windows is not None and len(self.outputs) == self.num_windows

    def answer(self, plan: OpenPlan, requests: Sequence[FeatureRequest]) -> None:
        """Record the outcome for requests of a plan, now or once it is known."""
        plan.num_awaited += len(requests)
        if self.outcome is None:
            self._awaited_by.append((plan, requests))
        else:
            plan.record(requests, self.outcome)

    def finish(self, outcome: Outcome) -> None:
        """Note the outcome, and tell everybody who waits for it."""
        self.outcome = outcome
        self.outputs.clear()
        self.spans.clear()
        waiting, self._awaited_by = self._awaited_by, []
        for plan, requests in waiting:
            plan.record(requests, outcome)
