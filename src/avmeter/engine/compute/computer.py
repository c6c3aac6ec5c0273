"""Computing the features of a plan in this process: decoding threads, shared batches, one device."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import torch

from avmeter.engine.compute.assembly import Finisher
from avmeter.engine.compute.batching import Batch, Batcher
from avmeter.engine.decode.messages import Job, Outcome, Outcomes, as_skip, unavailable
from avmeter.engine.decode.threads import Decoders, LocalProducer, Producer, content_key_of, produce
from avmeter.engine.decode.worker_pool import Children, worthwhile_children
from avmeter.engine.plan import Plan, Request
from avmeter.engine.store import FeatureKey, Store
from avmeter.errors import MissingDependencyError, SkipCode, SkipError, WeightsError
from avmeter.features.base import DerivedExtractor, Extractor, Features
from avmeter.result import Skip
from avmeter.runtime import Runtime
from avmeter.sample import MediaSource

logger = logging.getLogger("avmeter")
_TURN_S = 0.0002


@dataclass
class Counts:
    """What a run did: for tests, for the provenance of a run, and for the curious."""

    computed: dict[str, int] = field(default_factory=dict)  # extractor name -> features computed
    from_store: int = 0
    windows: dict[str, int] = field(default_factory=dict)  # extractor name -> windows run

    def copy(self) -> Counts:
        """As it is now."""
        return self.plus(Counts())

    def plus(self, other: Counts) -> Counts:
        """What was done by both."""
        return Counts(
            computed=dict(Counter(self.computed) + Counter(other.computed)),
            from_store=self.from_store + other.from_store,
            windows=dict(Counter(self.windows) + Counter(other.windows)),
        )

    def since(self, before: Counts) -> Counts:
        """What was done after `before`."""
        return Counts(
            computed={k: n for k, v in self.computed.items() if (n := v - before.computed.get(k, 0))},
            from_store=self.from_store - before.from_store,
            windows={k: n for k, v in self.windows.items() if (n := v - before.windows.get(k, 0))},
        )


class FeatureComputer:
    """Turns requests into features, each once, and keeps those of files and texts in the store.

    Features of arrays in memory are not kept: such clips come out of a training loop, and do not come again.

    Args:
        runtime: Device, precision, weights.
        store: Where features are kept.
        threads: Decoding threads; default is one per core, at most 8.
        processes: Decoding processes, in place of threads; 0 for none. Default is one per core but two, at most 12,
            when a GPU waits for many files.
        batch_size: Overrides the extractors' own.
    """

    def __init__(
        self,
        runtime: Runtime,
        store: Store,
        *,
        threads: int | None = None,
        processes: int | None = None,
        batch_size: int | None = None,
    ) -> None:
        self.runtime = runtime
        self.store = store
        self.counts = Counts()
        self._threads = threads or min(8, os.cpu_count() or 1)
        self._processes = processes
        self._children: Children | None = None
        self._batcher = Batcher(batch_size, on_gpu=runtime.device.type == "cuda")
        self._loaded: dict[str, Extractor] = {}
        self._unavailable: dict[str, Skip] = {}
        self._fingerprints: dict[str, str | Skip] = {}
        self._absent: dict[str, Skip] = {}  # checkpoint -> why; asked for once, since a network may take its time

    def unload(self) -> None:
        """Drop all networks and end decoding processes; both come again when needed."""
        if self._children is not None:
            self._children.stop()
            self._children = None
        for extractor in self._loaded.values():
            extractor.unload()
        self._loaded.clear()
        self._unavailable.clear()
        self._fingerprints.clear()
        self._absent.clear()
        self.runtime.unload()
        if self.runtime.device.type == "cuda":
            torch.cuda.empty_cache()

    def compute(self, plan: Plan, progress: Callable[[float], None] | None = None) -> dict[Request, Outcome]:
        """The outcome of every request of the plan.

        Args:
            plan: What is to be computed.
            progress: Called with the share of the requests that have their outcome, 0 to 1.
        """
        keys = self._keys(plan.sources)
        outcomes: dict[Request, Outcome] = {}
        jobs: dict[FeatureKey, list[Request]] = {}
        for request in plan.requests:
            key = self._feature_key(request, plan, keys)
            if isinstance(key, Skip):
                outcomes[request] = key
            else:
                jobs.setdefault(key, []).append(request)
        found = self.store.get(k for k, r in jobs.items() if _is_kept(r[0], plan))
        self.counts.from_store += len(found)
        for key, features in found.items():
            outcomes.update(dict.fromkeys(jobs[key], features))
        missing = {k: r for k, r in jobs.items() if k not in found}
        direct = {k: r for k, r in missing.items() if not isinstance(plan.extractors[r[0].extractor], DerivedExtractor)}
        derived = {k: r for k, r in missing.items() if k not in direct}
        needed = self._without_unneeded_parents(direct, derived, plan)
        settled = Outcomes(outcomes, num_wanted=len(plan.requests), progress=progress)
        try:
            with self.runtime.precision.applied(self.runtime.device), _short_turns():
                self._run_direct(needed, plan, settled)
                self._run_derived(derived, plan, settled)
        finally:  # an interrupted run loses nothing, and the next one must not meet its windows
            self._batcher.clear()
            self.store.flush()
        return settled

    # -- keys ------------------------------------------------------------------------------------------------

    def _keys(self, sources: Mapping[str, MediaSource | str]) -> dict[str, str | Skip]:
        """Content key of every source; files are hashed in parallel."""

        def key_of(item: tuple[str, MediaSource | str]) -> tuple[str, str | Skip]:
            name, source = item
            try:
                return name, content_key_of(source)
            except SkipError as error:
                return name, Skip.of(error)

        with ThreadPoolExecutor(self._threads) as pool:
            return dict(pool.map(key_of, sources.items()))

    def _feature_key(self, request: Request, plan: Plan, keys: Mapping[str, str | Skip]) -> FeatureKey | Skip:
        parts = []
        for source in request.sources:
            part = keys[source]
            if isinstance(part, Skip):
                return part
            parts.append(part)
        if request.extractor not in self._fingerprints:
            self._fingerprints[request.extractor] = self._fingerprint(plan.extractors[request.extractor])
        fingerprint = self._fingerprints[request.extractor]
        return fingerprint if isinstance(fingerprint, Skip) else FeatureKey("+".join(parts), fingerprint)

    def _fingerprint(self, extractor: Extractor) -> str | Skip:
        for entry in extractor.weights():
            if entry in self._absent:
                return self._absent[entry]
            try:
                self.runtime.weights.fingerprint(entry)
            except WeightsError as error:
                self._absent[entry] = unavailable(error)
                return self._absent[entry]
        return extractor.fingerprint(self.runtime)

    def _without_unneeded_parents(
        self,
        direct: dict[FeatureKey, list[Request]],
        derived: dict[FeatureKey, list[Request]],
        plan: Plan,
    ) -> dict[FeatureKey, list[Request]]:
        """Leave out what only features that are already stored were derived from."""
        wanted = {r for needs in plan.wanted.values() for r in needs.values() if isinstance(r, Request)}
        for requests in derived.values():
            for request in requests:
                wanted.update(plan.requests[request])
        return {k: kept for k, r in direct.items() if (kept := [x for x in r if x in wanted])}

    # -- networks --------------------------------------------------------------------------------------------

    def _ready(self, extractor: Extractor) -> Skip | None:
        """Load an extractor once; a skip if it cannot be."""
        identity = extractor.identity()
        if identity in self._unavailable:
            return self._unavailable[identity]
        if identity not in self._loaded:
            try:
                extractor.load(self.runtime)
            except (WeightsError, MissingDependencyError) as error:
                self._unavailable[identity] = unavailable(error)
                return self._unavailable[identity]
            self._loaded[identity] = extractor
        return None

    # -- direct features -------------------------------------------------------------------------------------

    def _run_direct(self, missing: Mapping[FeatureKey, list[Request]], plan: Plan, outcomes: Outcomes) -> None:
        self._start_children(plan, [r[0].sources[0] for r in missing.values()])
        jobs: list[Job] = []
        by_source: dict[str, list[int]] = {}
        for key, requests in missing.items():
            extractor = plan.extractors[requests[0].extractor]
            skip = self._ready(extractor)
            if skip is not None:
                outcomes.settle(requests, skip)
                continue
            jobs.append(Job(requests[0], key, extractor, kept=_is_kept(requests[0], plan)))
            by_source.setdefault(requests[0].sources[0], []).append(len(jobs) - 1)
        if not jobs:
            return
        finish = Finisher(self, jobs, missing, outcomes)
        work = [(plan.sources[name], numbers) for name, numbers in by_source.items()]
        with Decoders(work, self._producers(jobs, len(work))) as decoders:
            for message in decoders:
                finish.take(message)
            finish.flush()

    def _start_children(self, plan: Plan, sources: Iterable[str]) -> None:
        """Start decoding processes if they are wanted and not there yet."""
        found = (plan.sources[name] for name in set(sources))
        num_files = sum(not isinstance(s, str) and s.path is not None for s in found)
        count = self._processes
        if count is None and self.runtime.device.type == "cuda":
            count = worthwhile_children(num_files)
        if self._children is None and count and num_files:
            self._children = Children(count)
        if self._children is not None:
            self._children.start(num_files)

    def _producers(self, jobs: Sequence[Job], num_sources: int) -> Sequence[Producer]:
        extractors = dict(enumerate(job.extractor for job in jobs))
        if self._children is not None:
            return self._children.producers(extractors)[:num_sources]
        return [LocalProducer(extractors) for _ in range(min(self._threads, num_sources))]

    def _run_derived(self, missing: Mapping[FeatureKey, list[Request]], plan: Plan, outcomes: Outcomes) -> None:
        jobs: list[Job] = []
        ready: list[tuple[int, dict[str, Features]]] = []
        for key, requests in missing.items():
            extractor = plan.extractors[requests[0].extractor]
            assert isinstance(extractor, DerivedExtractor)
            parents: dict[str, Features] = {}
            skip = self._ready(extractor)
            for name, parent in zip(extractor.parents(), plan.requests[requests[0]], strict=True):
                outcome = outcomes[parent]
                if isinstance(outcome, Skip):
                    skip = skip or outcome
                else:
                    parents[name] = outcome
            if skip is not None:
                outcomes.settle(requests, skip)
                continue
            jobs.append(Job(requests[0], key, extractor, kept=_is_kept(requests[0], plan)))
            ready.append((len(jobs) - 1, parents))
        finish = Finisher(self, jobs, missing, outcomes)
        for number, parents in ready:
            for message in produce(number, jobs[number].extractor, parents):
                finish.take(message)
        finish.flush()

    # -- batches ---------------------------------------------------------------------------------------------

    def run_batch(self, batch: Batch) -> list[Mapping[str, Any] | Skip]:
        """Outputs per window, waited for; out of memory halves the batch, down to a skip of the single window."""
        extractor, windows = batch.extractor, list(batch.windows)
        outputs: list[Mapping[str, Any] | Skip] = []
        start = 0
        size = len(windows)
        while start < len(windows):
            part = windows[start : start + size]
            try:
                with torch.inference_mode():
                    outputs.extend(extractor.run(part, self.runtime))
            except SkipError as error:
                outputs.extend([Skip.of(error)] * len(part))
            except (torch.OutOfMemoryError, MemoryError):
                if self.runtime.device.type == "cuda":
                    torch.cuda.empty_cache()
                size = self._batcher.halve(extractor, len(part))
                logger.warning("%s: out of memory with %d windows at once", extractor.name, len(part))
                if size:
                    continue
                size = self._batcher.halve(extractor, 2)
                outputs.append(
                    Skip(
                        code=SkipCode.OUT_OF_MEMORY,
                        reason=f"{extractor.name}: out of memory with one window on {self.runtime.device}",
                        hint="free memory on the device, or use `device='cpu'`",
                    )
                )
            except Exception as error:
                if len(part) > 1:
                    size = 1
                    continue
                logger.debug("unexpected failure in %s", extractor.name, exc_info=error)
                outputs.append(as_skip(error, extractor.name))
            start += len(part)
        return outputs

    def count_windows(self, batch: Batch) -> None:
        """Note how many windows were run."""
        name = batch.extractor.name
        self.counts.windows[name] = self.counts.windows.get(name, 0) + len(batch.windows)


def _is_kept(request: Request, plan: Plan) -> bool:
    """True if everything that a request reads can come again: files and texts, not arrays in memory."""
    sources = (plan.sources[name] for name in request.sources)
    return all(isinstance(s, str) or s.path is not None for s in sources)


@contextlib.contextmanager
def _short_turns() -> Iterator[None]:
    """Let the thread that launches networks take its turn soon.

    Launching a network is thousands of short Python steps; with the interpreter's usual 5 ms turns each of them
    would wait for a decoding thread.
    """
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(interval_s)
