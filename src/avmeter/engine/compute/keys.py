"""Keys under which features are stored: what was measured, and by what."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from queue import Empty, SimpleQueue

from avmeter.engine.decode.content import content_key_of
from avmeter.engine.failures import INTERRUPTED, never, skip_of_unavailable
from avmeter.engine.plan import ABSENT, FeatureRequest, Plan
from avmeter.engine.store import FeatureKey
from avmeter.errors import SkipError, WeightsError
from avmeter.features.base import DerivedExtractor, Extractor
from avmeter.result import Skip
from avmeter.runtime import Runtime
from avmeter.runtime.background import BackgroundThread
from avmeter.sample import MediaSource

_POLL_S = 0.1


def content_keys(
    sources: Mapping[str, MediaSource | str], *, num_threads: int, should_stop: Callable[[], bool] = never
) -> dict[str, str | Skip]:
    """Return the content key of every source, or why it has none; files are hashed in parallel.

    Args:
        sources: Sources by name.
        num_threads: How many are hashed at a time.
        should_stop: Once it returns True, those that are not hashed yet are skips.
    """
    pending: SimpleQueue[tuple[str, MediaSource | str]] = SimpleQueue()
    found: SimpleQueue[tuple[str, str | Skip | BaseException]] = SimpleQueue()  # not futures: see `byte_queue`
    for item in sources.items():
        pending.put(item)

    def work() -> None:
        with contextlib.suppress(Empty):
            while True:
                name, source = pending.get_nowait()
                found.put((name, _content_key(source)))

    keys: dict[str, str | Skip] = {}
    try:
        for _ in range(min(num_threads, len(sources))):
            BackgroundThread(work).start()
        while len(keys) < len(sources) and not should_stop():
            try:
                name, key = found.get(timeout=_POLL_S)
            except Empty:
                continue
            if isinstance(key, BaseException):
                raise key
            keys[name] = key
    finally:
        with contextlib.suppress(Empty):  # broken off: leave nothing to the threads
            while True:
                pending.get_nowait()
    return {name: keys.get(name, INTERRUPTED) for name in sources}


def _content_key(source: MediaSource | str) -> str | Skip | BaseException:
    try:
        return content_key_of(source)
    except SkipError as error:
        return Skip.of(error)
    except BaseException as error:  # noqa: BLE001 - raised where the run waits
        return error


class Fingerprints:
    """Fingerprints of extractors, each computed once.

    Args:
        runtime: Weights and precision that they depend on.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._known: dict[str, str | Skip] = {}
        self._absent: dict[str, Skip] = {}  # checkpoint -> why; asked for once, since a network may take its time

    def key(self, request: FeatureRequest, plan: Plan, content: Mapping[str, str | Skip]) -> FeatureKey | Skip:
        """Return the key of a requested feature, or why it cannot be computed.

        Args:
            request: The feature.
            plan: Knows its extractor.
            content: Content keys of the sources, by name.
        """
        media = []
        for source in request.sources:
            part = ABSENT if source == ABSENT else content[source]
            if isinstance(part, Skip):
                return part
            media.append(part)
        fingerprint = self._of(request.extractor, plan)
        return fingerprint if isinstance(fingerprint, Skip) else FeatureKey("+".join(media), fingerprint)

    def _of(self, identity: str, plan: Plan) -> str | Skip:
        if identity not in self._known:
            self._known[identity] = self._fingerprint(plan.extractors[identity])
        return self._known[identity]

    def of_all(self, plan: Plan) -> dict[str, str | Skip]:
        """Return the fingerprints of all extractors of a plan by identity, or why one has none."""
        return {identity: self._of(identity, plan) for identity in plan.extractors}

    def assume(self, fingerprints: Mapping[str, str | Skip]) -> None:
        """Take these as they are: another process has computed them."""
        self._known.update(fingerprints)

    def forget(self) -> None:
        """Compute every fingerprint anew: checkpoints may have arrived."""
        self._known.clear()
        self._absent.clear()

    def _fingerprint(self, extractor: Extractor) -> str | Skip:
        for entry in _checkpoints(extractor):
            if entry in self._absent:
                return self._absent[entry]
            try:
                self._runtime.weights.fingerprint(entry)
            except WeightsError as error:
                self._absent[entry] = skip_of_unavailable(error)
                return self._absent[entry]
        return extractor.fingerprint(self._runtime)


def _checkpoints(extractor: Extractor) -> Iterator[str]:
    """Yield the checkpoints that an extractor's features depend on, those of its parents first."""
    if isinstance(extractor, DerivedExtractor):
        for parent in extractor.parents().values():
            yield from _checkpoints(parent)
    yield from extractor.weights()
