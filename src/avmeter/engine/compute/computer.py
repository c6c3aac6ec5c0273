"""Computing the features of a plan in this process: decoding threads, shared batches, one device."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import torch

from avmeter.engine.compute.activity import Activity
from avmeter.engine.compute.assembly import FeatureAssembler
from avmeter.engine.compute.batch_runner import BatchRunner
from avmeter.engine.compute.batching import Batcher
from avmeter.engine.compute.counts import Counts
from avmeter.engine.compute.jobs import FeatureJob, Outcomes
from avmeter.engine.compute.keys import Fingerprints, content_keys
from avmeter.engine.compute.store_share import StoreShare
from avmeter.engine.decode.messages import Source, SourceGroup
from avmeter.engine.decode.reader_process import ReaderProcess
from avmeter.engine.decode.threads import Decoder, DecodingThreads, LocalDecoder, make_windows
from avmeter.engine.decode.worker_pool import DecodeWorkerPool, default_decode_workers
from avmeter.engine.failures import INTERRUPTED, never, skip_of_unavailable
from avmeter.engine.plan import ABSENT, FeatureRequest, Outcome, Plan
from avmeter.engine.store import FeatureKey, Store
from avmeter.errors import MissingDependencyError, WeightsError
from avmeter.features.base import DerivedExtractor, Extractor, Features, WindowExtractor
from avmeter.media import DEFAULT_LIMITS, MediaLimits
from avmeter.result import Skip
from avmeter.runtime import CoreShare, Runtime
from avmeter.runtime.shared_settings import SharedSettings
from avmeter.sample import MediaSource

FoundT = TypeVar("FoundT")

_MAX_THREADS = 8
# The thread that launches networks takes its turn soon: launching one is thousands of short Python steps, and with the
# interpreter's usual 5 ms turns each of them would wait for a decoding thread.
_SWITCH_INTERVAL_S = 0.0002
_switch_interval = SharedSettings(sys.getswitchinterval, sys.setswitchinterval)


class FeatureComputer:
    """Turns requests into features, each once, and stores those of files and texts.

    Features of arrays in memory are not stored: such clips come out of a training loop, and do not come again.

    Args:
        runtime: Device, precision, weights.
        store: Where features are stored.
        num_threads: Decoding threads; default is one per core, at most 8.
        num_processes: Decoding processes, in place of threads; 0 for none. Default is the number of cores minus 2, at
            most 12, when a GPU waits for many files; else threads decode, and have files read in processes.
        batch_size: Overrides the extractors' own.
        decode_timeout_s: How long decoding a file may take from one result to the next.
        decode_timeout_per_s: What is added to that for every second that was decoded.
        limits: What a clip may unfold to.

    Attributes:
        counts: What was computed so far.
        activity: What is done right now.
        decode_pool: Decoding processes, once there are any.
        readers: Processes that read files for decoding threads, once there are any.
    """

    def __init__(
        self,
        runtime: Runtime,
        store: Store,
        *,
        num_threads: int | None = None,
        num_processes: int | None = None,
        batch_size: int | None = None,
        decode_timeout_s: float = math.inf,
        decode_timeout_per_s: float = 0.0,
        limits: MediaLimits = DEFAULT_LIMITS,
    ) -> None:
        self.runtime = runtime
        self.store = store
        self.counts = Counts()
        self.activity = Activity()
        self.decode_pool: DecodeWorkerPool | None = None
        self.readers: list[ReaderProcess] = []
        self._num_threads = num_threads or min(_MAX_THREADS, os.cpu_count() or 1)
        self._num_processes = num_processes
        self._decode_timeout_s = decode_timeout_s
        self._decode_timeout_per_s = decode_timeout_per_s
        self._limits = limits
        self._batcher = Batcher(batch_size, on_gpu=runtime.device.type == "cuda")
        self._fingerprints = Fingerprints(runtime)
        self._loaded: dict[str, Extractor] = {}
        self._unavailable: dict[str, Skip] = {}

    def unload(self) -> None:
        """Drop all networks and end decoding processes; both come again when needed."""
        if self.decode_pool is not None:
            self.decode_pool.stop()
            self.decode_pool = None
        for reader in self.readers:
            reader.close()
        self.readers.clear()
        for extractor in self._loaded.values():
            extractor.unload()
        self._loaded.clear()
        self._unavailable.clear()
        self._fingerprints.forget()
        self.runtime.unload()
        if self.runtime.device.type == "cuda":
            torch.cuda.empty_cache()

    def compute(
        self, plan: Plan, progress: Callable[[float], None] | None = None, should_stop: Callable[[], bool] = never
    ) -> Mapping[FeatureRequest, Outcome]:
        """Return the outcome of every request of the plan.

        Args:
            plan: What is to be computed.
            progress: Called with the share of the requests that have their outcome, 0 to 1.
            should_stop: Called every now and then; once it returns True, what is missing becomes a skip.
        """
        self.activity.stage = "looking into the store"
        known, requests = self._sort_by_key(plan, should_stop)
        stored = self._find(requests, plan, self.store.get)
        self.counts.from_store += len(stored)
        for key, features in stored.items():
            known.update(dict.fromkeys(requests[key], features))
        missing = {k: r for k, r in requests.items() if k not in stored}
        derived = {k: r for k, r in missing.items() if isinstance(_extractor(r[0], plan), DerivedExtractor)}
        direct = _without_unneeded_parents({k: r for k, r in missing.items() if k not in derived}, derived, plan)
        self._share_cores(len(direct) + len(derived))
        outcomes = Outcomes(known, num_requests=len(plan.requests), progress=progress)
        try:
            with self.runtime.precision.applied(self.runtime.device), _switch_interval.held(_SWITCH_INTERVAL_S):
                self._compute_direct(direct, plan, outcomes, should_stop)
                self._compute_derived(derived, plan, outcomes, should_stop)
        finally:  # an interrupted run loses nothing, and the next one must not meet its windows
            self._batcher.clear()
            self.store.flush()
            self.activity.stage = "scoring"
        if should_stop():
            for request in plan.requests:
                outcomes.setdefault(request, INTERRUPTED)
        return outcomes

    def look_up(self, plan: Plan, should_stop: Callable[[], bool] = never) -> StoreShare:
        """Return what metrics need of a plan and what of that is in the store; nothing is computed or fetched."""
        _, requests = self._sort_by_key(plan, should_stop)
        needed = _needed(plan)
        share = StoreShare()
        stored = self._find(requests, plan, lambda keys: dict.fromkeys(self.store.find(keys)))
        key_of = {request: key for key, same in requests.items() for request in same}
        for request in needed & key_of.keys():
            needed.update(() if key_of[request] in stored else plan.requests[request])
        for key, same in requests.items():
            if needed.intersection(same):
                share.add(same[0].extractor, is_stored=key in stored)
        return share

    @staticmethod
    def _find(
        requests: Mapping[FeatureKey, Sequence[FeatureRequest]],
        plan: Plan,
        look_up: Callable[[Iterator[FeatureKey]], dict[FeatureKey, FoundT]],
    ) -> dict[FeatureKey, FoundT]:
        """Look up what metrics need; what that was derived from, which is large, only where it is derived anew."""
        key_of = {request: key for key, same in requests.items() for request in same}
        found: dict[FeatureKey, FoundT] = {}
        wanted: Iterable[FeatureRequest] = _needed(plan)
        while keys := {key_of[r]: r for r in wanted if r in key_of and key_of[r] not in found}:
            found |= look_up(key for key, request in keys.items() if _is_repeatable(request, plan))
            wanted = [parent for key, r in keys.items() if key not in found for parent in plan.requests[r]]
        return found

    def _sort_by_key(
        self, plan: Plan, should_stop: Callable[[], bool]
    ) -> tuple[dict[FeatureRequest, Outcome], dict[FeatureKey, list[FeatureRequest]]]:
        """Return what has a skip in place of a key, and the other requests by their keys."""
        content = content_keys(plan.sources, num_threads=self._num_threads, should_stop=should_stop)
        skips: dict[FeatureRequest, Outcome] = {}
        requests: dict[FeatureKey, list[FeatureRequest]] = {}
        for request in plan.requests:
            key = self._fingerprints.key(request, plan, content)
            if isinstance(key, Skip):
                skips[request] = key
            else:
                requests.setdefault(key, []).append(request)
        return skips, requests

    def _load(self, extractor: Extractor) -> Skip | None:
        """Load an extractor once; return a skip if it cannot be."""
        identity = extractor.identity()
        if identity in self._unavailable:
            return self._unavailable[identity]
        if identity not in self._loaded:
            self.activity.stage = f"loading {extractor.name}"
            try:
                extractor.load(self.runtime)
            except (WeightsError, MissingDependencyError) as error:
                self._unavailable[identity] = skip_of_unavailable(error)
                return self._unavailable[identity]
            self._loaded[identity] = extractor
        return None

    def _share_cores(self, num_jobs: int) -> None:
        """Give every job a core, as far as there are; networks of fixed threads are built anew when lanes are added."""
        cores = CoreShare.among(num_jobs)
        if cores.num_lanes <= self.runtime.cores.num_lanes and self._loaded:
            return
        self.runtime.cores = cores
        for identity, extractor in list(self._loaded.items()):
            if isinstance(extractor, WindowExtractor) and extractor.is_sized_to_cores:
                self._loaded.pop(identity).unload()
                self.runtime.networks.pop(extractor.network_key(), None)

    def _assembler(self, jobs: Sequence[FeatureJob], outcomes: Outcomes) -> FeatureAssembler:
        return FeatureAssembler(
            jobs,
            outcomes,
            runtime=self.runtime,
            store=self.store,
            counts=self.counts,
            batcher=self._batcher,
            run_batch=BatchRunner(self.runtime, self._batcher).run,
            activity=self.activity,
        )

    # -- direct features -------------------------------------------------------------------------------------

    def _compute_direct(
        self,
        missing: Mapping[FeatureKey, list[FeatureRequest]],
        plan: Plan,
        outcomes: Outcomes,
        should_stop: Callable[[], bool],
    ) -> None:
        if should_stop():
            return
        self._start_processes(plan, [name for r in missing.values() for name in r[0].sources])
        jobs: list[FeatureJob] = []
        by_source: dict[tuple[str, ...], list[int]] = {}
        for key, requests in missing.items():
            if should_stop():
                return
            skip = self._load(_extractor(requests[0], plan))
            if skip is not None:
                outcomes.record(requests, skip)
                continue
            jobs.append(_job(key, requests, plan))
            by_source.setdefault(requests[0].sources, []).append(len(jobs) - 1)
        if not jobs:
            return
        assembler = self._assembler(jobs, outcomes)
        sources = [
            (source, jobs[numbers[0]].key.media if _is_file(source) else None, numbers)
            for source, numbers in ((_source(names, plan), numbers) for names, numbers in by_source.items())
        ]
        decoders = self._decoders(jobs, len(sources))
        self.activity.stage = "decoding"
        with DecodingThreads(
            sources,
            decoders,
            timeout_s=self._decode_timeout_s,
            timeout_per_s=self._decode_timeout_per_s,
            should_stop=should_stop,
        ) as events:
            for event in events:
                assembler.handle(event)
            if not should_stop():
                assembler.flush()

    def _start_processes(self, plan: Plan, source_names: Iterable[str]) -> None:
        """Start decoding processes, or processes that read, if there should be any and they are not running yet."""
        sources = [plan.sources[name] for name in set(source_names) if name != ABSENT]
        num_files = sum(map(_is_file, sources))
        count = self._num_processes
        if count is None and self.runtime.device.type == "cuda":
            count = default_decode_workers(num_files)
        if self.decode_pool is None and count and num_files:
            self.decode_pool = DecodeWorkerPool(count)
            self.decode_pool.start(num_files)
            for arena in self.decode_pool.arenas:  # while the processes import what they need
                self.runtime.pin(arena.memory)
        elif self.decode_pool is not None:
            self.decode_pool.start(num_files)
        elif self._num_processes is None:
            self.readers = [r for r in self.readers if not r.is_closed]
            num_read = sum(isinstance(s, MediaSource) and s.is_repeatable for s in sources)
            missing = min(self._num_threads, num_read) - len(self.readers)
            self.readers.extend(ReaderProcess() for _ in range(missing))
            for reader in self.readers:
                reader.start()

    def _decoders(self, jobs: Sequence[FeatureJob], num_sources: int) -> Sequence[Decoder]:
        extractors = dict(enumerate(job.extractor for job in jobs))
        if self.decode_pool is not None:
            return self.decode_pool.decoders(extractors, self._limits)[:num_sources]
        readers = [*self.readers, *[None] * self._num_threads]
        return [
            LocalDecoder(extractors, self._limits, reader=reader)
            for reader in readers[: min(self._num_threads, num_sources)]
        ]

    # -- derived features ------------------------------------------------------------------------------------

    def _compute_derived(
        self,
        missing: Mapping[FeatureKey, list[FeatureRequest]],
        plan: Plan,
        outcomes: Outcomes,
        should_stop: Callable[[], bool],
    ) -> None:
        jobs: list[FeatureJob] = []
        inputs: list[dict[str, Features]] = []
        for key, requests in missing.items():
            if should_stop():
                return
            extractor = _extractor(requests[0], plan)
            assert isinstance(extractor, DerivedExtractor)
            parents: dict[str, Features] = {}
            skip = self._load(extractor)
            for name, parent in zip(extractor.parents(), plan.requests[requests[0]], strict=True):
                outcome = outcomes[parent]
                if isinstance(outcome, Skip):
                    skip = skip or outcome
                else:
                    parents[name] = outcome
            if skip is not None:
                outcomes.record(requests, skip)
                continue
            jobs.append(_job(key, requests, plan))
            inputs.append(parents)
        assembler = self._assembler(jobs, outcomes)
        for number, parents in enumerate(inputs):
            if should_stop():
                return
            for event in make_windows(number, jobs[number].extractor, parents):
                assembler.handle(event)
        assembler.flush()


def _extractor(request: FeatureRequest, plan: Plan) -> Extractor:
    return plan.extractors[request.extractor]


def _job(key: FeatureKey, requests: Sequence[FeatureRequest], plan: Plan) -> FeatureJob:
    return FeatureJob(
        requests=requests,
        key=key,
        extractor=_extractor(requests[0], plan),
        is_stored=_is_repeatable(requests[0], plan),
    )


def _source(names: Sequence[str], plan: Plan) -> Source:
    """Return the source of a job: a clip or a text, or clips that are compared."""
    if len(names) == 1:
        return plan.sources[names[0]]
    return SourceGroup(tuple(None if name == ABSENT else _clip(plan.sources[name]) for name in names))


def _clip(source: MediaSource | str) -> MediaSource:
    assert isinstance(source, MediaSource)
    return source


def _is_file(source: Source) -> bool:
    return not isinstance(source, str) and source.is_elsewhere


def _is_repeatable(request: FeatureRequest, plan: Plan) -> bool:
    """Return True if everything that a request reads can come again: files, bytes of files, texts; not arrays."""
    sources = (plan.sources[name] for name in request.sources if name != ABSENT)
    return all(isinstance(s, str) or s.is_repeatable for s in sources)


def _needed(plan: Plan) -> set[FeatureRequest]:
    """Return the requests that metrics read, and not only what they are derived from."""
    return {r for needs in plan.requested.values() for r in needs.values() if isinstance(r, FeatureRequest)}


def _without_unneeded_parents(
    direct: Mapping[FeatureKey, list[FeatureRequest]],
    derived: Mapping[FeatureKey, list[FeatureRequest]],
    plan: Plan,
) -> dict[FeatureKey, list[FeatureRequest]]:
    """Leave out what only features that are already stored were derived from."""
    needed = _needed(plan)
    for requests in derived.values():
        for request in requests:
            needed.update(plan.requests[request])
    return {k: left for k, r in direct.items() if (left := [x for x in r if x in needed])}
