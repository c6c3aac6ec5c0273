"""Computing the features of plans in this process: decoding threads, shared batches, one device."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Iterable, Mapping

import torch

from avmeter.engine.compute.activity import Activity
from avmeter.engine.compute.batching import BatchSizes
from avmeter.engine.compute.counts import Counts
from avmeter.engine.compute.decoders import LIBAV, Decoders
from avmeter.engine.compute.jobs import OpenPlan
from avmeter.engine.compute.keys import Fingerprints, content_keys
from avmeter.engine.compute.loaded import LoadedExtractors
from avmeter.engine.compute.lookup import Demand, Lookup
from avmeter.engine.compute.store_share import StoreShare
from avmeter.engine.compute.stream import Equipment, FeatureStream, PlannedWork
from avmeter.engine.decode.worker_pool import DecodeWorkerPool
from avmeter.engine.failures import INTERRUPTED, never
from avmeter.engine.plan import FeatureRequest, Outcome, Plan
from avmeter.engine.store import Store
from avmeter.media import DEFAULT_LIMITS, MediaLimits
from avmeter.result import Skip
from avmeter.runtime import Runtime


class FeatureComputer:
    """Turns requests into features, each once, and stores those of files and texts.

    Features of arrays in memory are not stored: such clips come out of a training loop, and do not come again.

    Args:
        runtime: Device, precision, weights.
        store: Where features are stored.
        num_threads: Decoding threads; default is one per core, at most 8.
        num_processes: Decoding processes, in place of threads; 0 for none. Default is the number of cores minus 2, at
            most 14, when a GPU waits for many files; else threads decode, and have files read in processes.
        batch_size: Overrides the extractors' own.
        decode_timeout_s: How long decoding a file may take from one result to the next.
        decode_timeout_per_s: What is added to that for every second that was decoded.
        limits: What a clip may unfold to.
        decoder: "libav" or "nvdec".

    Attributes:
        counts: What was computed so far.
        activity: What is done right now.
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
        decoder: str = LIBAV,
    ) -> None:
        self.runtime = runtime
        self.store = store
        self.counts = Counts()
        self.activity = Activity()
        self._fingerprints = Fingerprints(runtime)
        self._equipment = Equipment(
            runtime=runtime,
            store=store,
            counts=self.counts,
            activity=self.activity,
            batch_sizes=BatchSizes(batch_size, on_gpu=runtime.device.type == "cuda"),
            lookup=Lookup(store, self._fingerprints),
            decoders=Decoders(
                runtime, num_threads=num_threads, num_processes=num_processes, limits=limits, decoder=decoder
            ),
            loaded=LoadedExtractors(runtime, self.activity),
            timeout_s=decode_timeout_s,
            timeout_per_s=decode_timeout_per_s,
        )

    @property
    def decode_pool(self) -> DecodeWorkerPool | None:
        """Decoding processes, once there are any."""
        return self._equipment.decoders.pool

    def unload(self) -> None:
        """Drop all networks and end decoding processes; both come again when needed."""
        self._equipment.decoders.stop()
        self._equipment.loaded.unload()
        self._fingerprints.forget()
        self.runtime.unload()
        if self.runtime.device.type == "cuda":
            torch.cuda.empty_cache()

    def stream(
        self, plans: Iterable[PlannedWork], should_stop: Callable[[], bool] = never, *, max_open: int = 1
    ) -> Generator[OpenPlan, None, None]:
        """Yield the plans in order, each with the outcome of every request.

        Args:
            plans: What is to be computed; taken in another thread, when there is soon nothing to decode.
            should_stop: Called every now and then; once it returns True, what is missing of the plans that are being
                computed becomes a skip, and the others do not come.
            max_open: Plans whose features are in memory at once. With 1 nothing is computed until the next is asked
                for.
        """
        return FeatureStream(plans, self._equipment, should_stop, max_open=max_open).run()

    def compute(
        self, plan: Plan, progress: Callable[[float], None] | None = None, should_stop: Callable[[], bool] = never
    ) -> Mapping[FeatureRequest, Outcome]:
        """Return the outcome of every request of one plan; arguments are those of `stream`."""
        with contextlib.closing(self.stream([(plan, progress)], should_stop)) as computed:
            for done in computed:
                return done.outcomes
        return dict.fromkeys(plan.requests, INTERRUPTED)

    def demand(self, plan: Plan) -> Demand:
        """Return what is stored of a plan, and what would have to be computed; files are hashed."""
        content = content_keys(plan.sources, num_threads=self._equipment.decoders.num_threads)
        return self._equipment.lookup.demand(plan, content)

    def fingerprints(self, plan: Plan) -> dict[str, str | Skip]:
        """Return the fingerprints of all extractors of a plan, for `assume_fingerprints` in another process."""
        return self._fingerprints.of_all(plan)

    def assume_fingerprints(self, fingerprints: Mapping[str, str | Skip]) -> None:
        """Take fingerprints, by identity of an extractor: to compute one, checkpoints may have to be hashed."""
        self._fingerprints.assume(fingerprints)

    def look_up(self, plan: Plan, should_stop: Callable[[], bool] = never) -> StoreShare:
        """Return what metrics need of a plan and what of that is in the store; nothing is computed or fetched."""
        num_threads = self._equipment.decoders.num_threads
        content = content_keys(plan.sources, num_threads=num_threads, should_stop=should_stop)
        return self._equipment.lookup.share(plan, content)
