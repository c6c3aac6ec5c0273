"""Features on their way: what has been seen of each, and which outcomes are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from avmeter.engine.plan import FeatureRequest, Outcome
from avmeter.engine.store import FeatureKey
from avmeter.features.base import Extractor, Window


@dataclass(kw_only=True)
class FeatureJob:
    """One feature of one source, and what has been seen of it.

    Attributes:
        requests: Who gets its outcome: equal content may have been asked for under several names.
        key: Where it is stored.
        extractor: Computes it.
        is_stored: It goes into the store.
        outputs: Index of a window -> outputs of the network.
        spans: Index of a window -> where it came from, without its arrays.
        num_windows: Number of windows, once all have been cut.
        facts: What the extractor says about the clip.
        is_done: The outcome is known.
    """

    requests: Sequence[FeatureRequest]
    key: FeatureKey
    extractor: Extractor
    is_stored: bool = True
    outputs: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    spans: dict[int, Window] = field(default_factory=dict)
    num_windows: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    is_done: bool = False

    @property
    def is_complete(self) -> bool:
        """True if the outputs of all windows are there."""
        return self.num_windows is not None and len(self.outputs) == self.num_windows


class Outcomes(dict[FeatureRequest, Outcome]):
    """Outcomes known so far.

    Args:
        known: Those known from the start.
        num_requests: How many there will be.
        progress: Called with the share of them that is known, whenever one is added.
    """

    def __init__(
        self,
        known: Mapping[FeatureRequest, Outcome],
        *,
        num_requests: int,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        super().__init__(known)
        self._num_requests = num_requests
        self._progress = progress

    def record(self, requests: Sequence[FeatureRequest], outcome: Outcome) -> None:
        """Add the outcome of these requests."""
        self.update(dict.fromkeys(requests, outcome))
        if self._progress is not None:
            self._progress(len(self) / self._num_requests)
