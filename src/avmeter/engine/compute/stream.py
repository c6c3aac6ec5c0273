"""Features of plans that come one after another: the next is decoded while the last is computed.

    plans -> content keys (a thread) -> store -> decoding -> windows -> batches -> device -> features -> plans, in order

Decoding threads get the sources of the next plan as soon as fewer wait than there are threads, batches mix the windows
of all plans that are open, and a plan that is complete is handed out while the others go on.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from avmeter.engine.compute.activity import Activity
from avmeter.engine.compute.assembly import FeatureAssembler
from avmeter.engine.compute.batch_runner import BatchRunner
from avmeter.engine.compute.batching import Batcher, BatchSizes
from avmeter.engine.compute.counts import Counts
from avmeter.engine.compute.decoders import Decoders, is_read
from avmeter.engine.compute.jobs import FeatureJob, OpenPlan
from avmeter.engine.compute.keys import content_keys
from avmeter.engine.compute.loaded import LoadedExtractors
from avmeter.engine.compute.lookup import Demand, Keyed, Lookup, is_repeatable
from avmeter.engine.compute.prefetch import Prefetch
from avmeter.engine.compute.side_by_side import decoded_together
from avmeter.engine.decode.local_decoder import make_windows
from avmeter.engine.decode.messages import DecodeEvent, Source
from avmeter.engine.decode.threads import DecodingThreads, Task
from avmeter.engine.plan import ABSENT, FeatureRequest, Outcome, Plan
from avmeter.engine.store import FeatureKey, Store
from avmeter.features.base import Extractor, Features
from avmeter.features.frame_stream import RevisitingExtractor
from avmeter.result import Skip
from avmeter.runtime import Runtime
from avmeter.runtime.shared_settings import SharedSettings

_POLL_S = 0.1
_SHORT_POLL_S = 0.01  # where two things are waited for in turn
_SLOW_S = 0.25  # without an event: the last windows of a plan wait no longer for those of the next
# The thread that launches networks takes its turn soon: launching one is thousands of short Python steps, and with the
# interpreter's usual 5 ms turns each of them would wait for a decoding thread.
_SWITCH_INTERVAL_S = 0.0002
_switch_interval = SharedSettings(sys.getswitchinterval, sys.setswitchinterval)

PlannedWork = tuple[Plan, Callable[[float], None] | None]
"""A plan, and what is called with the share of its requests, 0 to 1, that have their outcome."""

_Read = tuple[PlannedWork, Mapping[str, str | Skip]]  # with the content keys of the sources


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """What streams of one computer have in common.

    Attributes:
        runtime: Device, precision, weights.
        store: Where features are stored.
        counts: What was computed.
        activity: What is done right now.
        batch_sizes: How many windows run at once, and what fits on the device.
        lookup: Looks into the store.
        decoders: Who decodes.
        loaded: Loads networks.
        timeout_s: As `DecodingThreads`.
        timeout_per_s: As `DecodingThreads`.
    """

    runtime: Runtime
    store: Store
    counts: Counts
    activity: Activity
    batch_sizes: BatchSizes
    lookup: Lookup
    decoders: Decoders
    loaded: LoadedExtractors
    timeout_s: float
    timeout_per_s: float


class FeatureStream:
    """Computes plans; those that are open, and those just before them, share equal features.

    Args:
        plans: The plans; taken in a thread of its own, when decoding threads are about to have nothing to do.
        equipment: What to compute with.
        should_stop: Called every now and then; once it returns True, what is missing of open plans becomes a skip.
        max_open: Plans whose features are in memory at once; more than one: or as many features in smaller plans.
    """

    def __init__(
        self,
        plans: Iterable[PlannedWork],
        equipment: Equipment,
        should_stop: Callable[[], bool],
        *,
        max_open: int,
    ) -> None:
        self._equipment = equipment
        self._should_stop = should_stop
        self._max_open = max_open
        self._most_requests = 0  # of a plan so far
        self._is_stopped = False
        self._is_ended = False
        self._prefetch = Prefetch(self._read(plans))
        self._next: _Read | None = None
        self._is_pausing = False
        self._is_filling = False  # the last windows of a plan wait for those of the next
        self._last_event_s = 0.0
        self._open: deque[OpenPlan] = deque()
        self._delivered: deque[OpenPlan] = deque()  # handed out before
        self._jobs: dict[int, FeatureJob] = {}
        self._numbers: dict[FeatureKey, int] = {}
        self._num_jobs = 0
        self._uncut: dict[int, OpenPlan] = {}
        self._ready: deque[tuple[OpenPlan, int, FeatureRequest]] = deque()  # derived, from what is known by now
        self._threads: DecodingThreads | None = None
        self._decoding = contextlib.ExitStack()
        self._settings = contextlib.ExitStack()
        self._has_settings = False
        runtime = equipment.runtime
        self._assembler = FeatureAssembler(
            self._jobs,
            runtime=runtime,
            store=equipment.store,
            counts=equipment.counts,
            batcher=Batcher(equipment.batch_sizes),
            run_batch=BatchRunner(runtime, equipment.batch_sizes).run,
            should_stop=should_stop,
            activity=equipment.activity,
        )

    def run(self) -> Generator[OpenPlan, None, None]:
        """Yield the plans in order, each with all its outcomes; those that were not begun before a stop do not come."""
        activity = self._equipment.activity
        try:
            activity.reset("looking into the store")
            while (finished := self._next_finished()) is not None:
                if not self._open:  # nothing is under way: what comes of this plan may have the program's own settings
                    self._restore_settings()
                activity.stage = "scoring"
                yield finished
        finally:  # an interrupted run loses nothing
            self._is_ended = True
            self._prefetch.close()
            try:
                self._decoding.close()
            finally:
                self._restore_settings()
                self._equipment.store.flush()
                activity.reset("scoring")

    def _read(self, plans: Iterable[PlannedWork]) -> Iterator[_Read]:
        for work in plans:
            num_threads = self._equipment.decoders.num_threads
            yield work, content_keys(work[0].sources, num_threads=num_threads, should_stop=lambda: self._is_ended)

    def _next_finished(self) -> OpenPlan | None:
        """Return the oldest plan once it is complete, or the next one that a stop left as it is; None at the end."""
        runtime = self._equipment.runtime
        self._apply_settings()
        self._assembler.start_clock()
        with runtime.precision.autocast(runtime.device):
            while not (self._open and self._open[0].is_complete):
                if self._stops():
                    self._decoding.close()
                    if not self._open:
                        return None
                    self._assembler.collect()  # what came while a slower network was waited for
                    self._open[0].interrupt()
                    break
                if not self._advance():
                    return None
        self._delivered.append(self._open.popleft())
        return self._delivered[-1]

    def _stops(self) -> bool:
        self._is_stopped = self._is_stopped or self._should_stop()
        return self._is_stopped

    def _apply_settings(self) -> None:
        """Take the settings of the process for this run: held while anything is under way in any thread."""
        if not self._has_settings:
            self._settings.enter_context(self._equipment.runtime.precision.settings())
            self._settings.enter_context(_switch_interval.held(_SWITCH_INTERVAL_S))
            self._has_settings = True

    def _restore_settings(self) -> None:
        self._settings.close()
        self._has_settings = False

    def _advance(self) -> bool:
        """Do the next step; return False if there is none."""
        self._open_next()
        if not self._open:
            if self._next is None and self._prefetch.has_ended:
                return False
            self._next = self._next or self._prefetch.get(_POLL_S)
        elif self._open[0].is_complete:
            pass
        elif self._threads is None or self._threads.is_idle:
            self._wait_for_networks()
        else:
            self._take_event(self._threads)
        return True

    def _wait_for_networks(self) -> None:
        """Have what was decoded computed, and look out for the next plan meanwhile."""
        if self._prefetch.is_asked:
            self._run_partial_batches()
            self._assembler.collect()
            self._next = self._next or self._prefetch.get(_SHORT_POLL_S)
        else:
            self._assembler.flush()
            is_ended = self._ready or self._open[0].is_complete or self._stops()
            assert is_ended, "a source has ended without the outcome of every job"
        self._cut_derived()

    def _take_event(self, threads: DecodingThreads) -> None:
        event = threads.get(_POLL_S)
        if event is not None:
            self._last_event_s = time.monotonic()
            self._handle(event)
        elif self._is_filling and time.monotonic() - self._last_event_s > _SLOW_S:
            self._run_partial_batches()
        if event is None or event.window is None:
            self._assembler.collect()
        self._cut_derived()

    def _handle(self, event: DecodeEvent) -> None:
        self._assembler.handle(event)
        plan = self._uncut.pop(event.job, None) if event.window is None else None
        if plan is not None:
            plan.num_uncut -= 1
            if not plan.num_uncut:
                self._end_batches()

    def _end_batches(self) -> None:
        """Run the last windows of a plan; on a GPU those of the next may fill their batches up, while any come."""
        self._is_filling = self._equipment.batch_sizes.on_gpu and not self._is_full(self._open)
        if not self._is_filling:
            self._run_partial_batches()

    def _run_partial_batches(self) -> None:
        self._is_filling = False
        self._assembler.run_partial_batches()

    # -- opening plans ---------------------------------------------------------------------------------------

    def _open_next(self) -> None:
        """Open the next plan, if decoding threads want more, and it is there."""
        if self._next is None:
            self._ask()
            self._next = self._prefetch.get()
        if self._next is None or (self._is_pausing and self._open):
            return
        (plan, progress), content = self._next
        demand = self._equipment.lookup.demand(plan, content)
        sources = self._sources(demand, plan)
        self._is_pausing = bool(self._open) and self._needs_pause(demand, sources)
        if self._is_pausing:
            return
        if self._threads is not None and self._equipment.decoders.wants_processes(sources):
            self._decoding.close()
            self._threads = None
        self._next = None
        self._begin(OpenPlan(plan, progress), demand, sources)
        self._ask()

    def _ask(self) -> None:
        is_wanted = self._threads is None or self._threads.wants_more
        if is_wanted and not self._is_full(self._open):
            self._prefetch.ask()

    def _is_full(self, plans: Collection[OpenPlan]) -> bool:
        """Return True if the features of these plans are as many as those of `max_open` of the largest, or would be."""
        if len(plans) < self._max_open:
            return False
        num_requests = sum(len(opened.plan.requests) for opened in plans)
        return self._max_open == 1 or num_requests > (self._max_open - 1) * self._most_requests

    def _needs_pause(self, demand: Demand, sources: Sequence[Source]) -> bool:
        """Return True if a plan changes who decodes, or on how many cores networks run: nothing else may be open."""
        if not demand.num_jobs:
            return False
        equipment = self._equipment
        return equipment.decoders.wants_processes(sources) or equipment.loaded.has_too_few_lanes(demand.num_jobs)

    def _begin(self, opened: OpenPlan, demand: Demand, sources: Sequence[Source]) -> None:
        equipment = self._equipment
        self._most_requests = max(self._most_requests, len(opened.plan.requests))
        while self._delivered and self._is_full([*self._open, *self._delivered]):
            self._forget(self._delivered.popleft())
        equipment.counts.store_reads += demand.num_stored
        opened.outcomes.update(demand.known)
        self._open.append(opened)
        if not demand.num_jobs:
            return
        equipment.loaded.share_cores(demand.num_jobs)
        if sources:
            equipment.decoders.start(sources)
        tasks = self._begin_direct(opened, demand.direct)
        self._begin_derived(opened, demand.derived)
        equipment.activity.stage = "decoding"
        self._assembler.start_clock()
        if tasks:
            self._decode(tasks)

    def _decode(self, tasks: Sequence[Task]) -> None:
        """Have sources decoded."""
        if self._threads is None:
            equipment = self._equipment
            timeouts = {"timeout_s": equipment.timeout_s, "timeout_per_s": equipment.timeout_per_s}
            decoders = equipment.decoders
            threads = DecodingThreads(decoders.make(), queue_bytes=decoders.queue_bytes, **timeouts)
            self._threads = self._decoding.enter_context(threads)
        self._threads.add(tasks)

    def _begin_direct(self, opened: OpenPlan, direct: Keyed) -> list[Task]:
        """Return the sources to decode, each with all jobs over it; fewer where the run is to stop."""
        by_source: dict[tuple[str, ...], dict[int, Extractor]] = {}
        for key, requests in direct.items():
            if self._stops():
                break
            number = self._job(opened, key, requests)
            if number is not None:
                by_source.setdefault(requests[0].sources, {})[number] = self._jobs[number].extractor
                self._uncut[number] = opened
                opened.num_uncut += 1
        return [self._task(source, jobs) for source, jobs in decoded_together(by_source, opened.plan)]

    def _begin_derived(self, opened: OpenPlan, derived: Keyed) -> None:
        for key, requests in derived.items():
            if self._stops():
                return
            number = self._job(opened, key, requests)
            if number is not None:
                opened.num_underived += 1
                opened.follow(requests[0], functools.partial(self._ready.append, (opened, number, requests[0])))

    def _job(self, opened: OpenPlan, key: FeatureKey, requests: Sequence[FeatureRequest]) -> int | None:
        """Have these requests answered; return the number of the job that is new for them, if there has to be one."""
        if key in self._numbers:
            self._jobs[self._numbers[key]].answer(opened, requests)
            return None
        extractor = opened.plan.extractors[requests[0].extractor]
        job = FeatureJob(key=key, extractor=extractor, is_stored=is_repeatable(requests[0], opened.plan))
        job.outcome = self._equipment.loaded.load(extractor)
        job.answer(opened, requests)
        if job.outcome is not None:
            return None
        number, self._num_jobs = self._num_jobs, self._num_jobs + 1
        self._jobs[number] = job
        self._numbers[key] = number
        opened.jobs.append(number)
        return number

    def _task(self, source: Source, jobs: Mapping[int, Extractor]) -> Task:
        keys = {} if isinstance(source, str) else {n: self._jobs[n].key.media for n in jobs if is_read(source, n)}
        return source, keys, jobs

    def _forget(self, plan: OpenPlan) -> None:
        """Drop the features of a plan that was handed out."""
        for number in plan.jobs:
            del self._numbers[self._jobs.pop(number).key]

    def _sources(self, demand: Demand, plan: Plan) -> list[Source]:
        """Return what is decoded for a plan, at once or once it is known where to look."""
        requests = [r[0] for r in demand.direct.values()]
        requests += [r[0] for r in demand.derived.values() if _is_revisiting(plan.extractors[r[0].extractor])]
        names = {name for request in requests for name in request.sources}
        return [plan.sources[name] for name in names if name != ABSENT]

    # -- derived features ------------------------------------------------------------------------------------

    def _cut_derived(self) -> None:
        """Cut the windows of what can be derived by now."""
        while self._ready:
            plan, number, request = self._ready.popleft()
            job = self._jobs[number]
            parents: dict[str, Features] = {}
            skip: Outcome | None = None
            for name, parent in zip(job.extractor.parents(), plan.plan.requests[request], strict=True):
                outcome = plan.outcomes[parent]
                if isinstance(outcome, Skip):
                    skip = skip or outcome
                else:
                    parents[name] = outcome
            job.reads_dummy = any(features.dummy for features in parents.values())
            if skip is not None:
                self._assembler.finish(job, skip)
            elif isinstance(job.extractor, RevisitingExtractor):
                self._revisit(plan, number, request, job.extractor.after(parents))
            else:
                for event in make_windows(number, job.extractor, parents):
                    self._assembler.handle(event)
            plan.num_underived -= 1
            if not plan.num_underived:
                self._end_batches()

    def _revisit(self, plan: OpenPlan, number: int, request: FeatureRequest, extractor: RevisitingExtractor) -> None:
        """Have a clip decoded again, by an extractor that knows where to look."""
        self._uncut[number] = plan
        plan.num_uncut += 1
        ((source, jobs),) = decoded_together({request.sources: {number: extractor}}, plan.plan)
        self._decode([self._task(source, jobs)])


def _is_revisiting(extractor: Extractor) -> bool:
    return isinstance(extractor, RevisitingExtractor)
