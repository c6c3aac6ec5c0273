"""Computing the features of a plan in this process: decoding threads, shared batches, one device."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import torch

from avmeter.engine.batch import Batch, Batcher, ByteQueue, Stopped, Ticket
from avmeter.engine.plan import Plan, Request
from avmeter.engine.store import FeatureKey, Store
from avmeter.errors import AvmeterError, MissingDependencyError, SkipCode, SkipError, WeightsError
from avmeter.features.base import (
    ClipExtractor,
    DerivedExtractor,
    Extractor,
    Features,
    Runtime,
    Window,
    WindowExtractor,
)
from avmeter.media import MediaItem, array_key, content_key
from avmeter.result import Skip
from avmeter.sample import MediaSource

logger = logging.getLogger("avmeter")
_QUEUE_BYTES = 1024 * 2**20
_TURN_S = 0.0002
_IN_FLIGHT = 2  # batches started on a GPU and not read yet

Outcome = Features | Skip


@dataclass
class Counts:
    """What a run did: for tests, for the provenance of a run, and for the curious."""

    computed: dict[str, int] = field(default_factory=dict)  # extractor name -> features computed
    from_store: int = 0
    windows: dict[str, int] = field(default_factory=dict)  # extractor name -> windows run

    def since(self, before: Counts) -> Counts:
        """What was done after `before`."""
        return Counts(
            computed={k: n for k, v in self.computed.items() if (n := v - before.computed.get(k, 0))},
            from_store=self.from_store - before.from_store,
            windows={k: n for k, v in self.windows.items() if (n := v - before.windows.get(k, 0))},
        )


@dataclass
class _Job:
    request: Request
    key: FeatureKey
    extractor: Extractor
    outputs: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    places: dict[int, Window] = field(default_factory=dict)
    total: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    kept: bool = True
    done: bool = False


@dataclass(frozen=True)
class _Produced:
    """Message from a decoding thread: a window, the end of a job's windows, or its outcome."""

    job: int
    window: Window | None = None
    index: int = 0
    facts: Mapping[str, Any] | None = None
    outcome: Outcome | None = None


class FeatureComputer:
    """Turns requests into features, each once, and keeps those of files and texts in the store.

    Features of arrays in memory are not kept: such clips come out of a training loop, and do not come again.

    Args:
        runtime: Device, precision, weights.
        store: Where features are kept.
        threads: Decoding threads; default is one per core, at most 8.
        batch_size: Overrides the extractors' own.
    """

    def __init__(
        self, runtime: Runtime, store: Store, *, threads: int | None = None, batch_size: int | None = None
    ) -> None:
        self.runtime = runtime
        self.store = store
        self.counts = Counts()
        self._threads = threads or min(8, os.cpu_count() or 1)
        self._batcher = Batcher(batch_size, on_gpu=runtime.device.type == "cuda")
        self._loaded: dict[str, Extractor] = {}
        self._unavailable: dict[str, Skip] = {}
        self._fingerprints: dict[str, str | Skip] = {}
        self._absent: dict[str, Skip] = {}  # checkpoint -> why; asked for once, since a network may take its time

    def unload(self) -> None:
        """Drop all networks; they are loaded again when needed."""
        for extractor in self._loaded.values():
            extractor.unload()
        self._loaded.clear()
        self._unavailable.clear()
        self._fingerprints.clear()
        self._absent.clear()
        self.runtime.networks.clear()
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
        settled = _Outcomes(outcomes, num_wanted=len(plan.requests), progress=progress)
        try:
            with _precision(self.runtime):
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
                return name, _content_key(source)
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
                self._absent[entry] = _unavailable(error)
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
                self._unavailable[identity] = _unavailable(error)
                return self._unavailable[identity]
            self._loaded[identity] = extractor
        return None

    # -- direct features -------------------------------------------------------------------------------------

    def _run_direct(self, missing: Mapping[FeatureKey, list[Request]], plan: Plan, outcomes: _Outcomes) -> None:
        jobs: list[_Job] = []
        by_source: dict[str, list[int]] = {}
        for key, requests in missing.items():
            extractor = plan.extractors[requests[0].extractor]
            skip = self._ready(extractor)
            if skip is not None:
                outcomes.settle(requests, skip)
                continue
            jobs.append(_Job(requests[0], key, extractor, kept=_is_kept(requests[0], plan)))
            by_source.setdefault(requests[0].sources[0], []).append(len(jobs) - 1)
        if not jobs:
            return
        finish = _Finisher(self, jobs, missing, outcomes)
        work = [(plan.sources[name], numbers) for name, numbers in by_source.items()]
        with _Decoders(work, jobs, min(self._threads, len(work))) as decoders:
            for message in decoders:
                finish.take(message)
            finish.flush()

    def _run_derived(self, missing: Mapping[FeatureKey, list[Request]], plan: Plan, outcomes: _Outcomes) -> None:
        jobs: list[_Job] = []
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
            jobs.append(_Job(requests[0], key, extractor, kept=_is_kept(requests[0], plan)))
            ready.append((len(jobs) - 1, parents))
        finish = _Finisher(self, jobs, missing, outcomes)
        for number, parents in ready:
            for message in _produce(number, jobs[number].extractor, parents):
                finish.take(message)
        finish.flush()

    # -- batches ---------------------------------------------------------------------------------------------

    def launch(self, batch: Batch) -> Mapping[str, torch.Tensor] | None:
        """Start a batch on a GPU without waiting for it; None where that does not apply, or failed."""
        extractor = batch.extractor
        if self.runtime.device.type != "cuda" or type(extractor).run is not WindowExtractor.run:
            return None
        try:
            with torch.inference_mode():
                return extractor.launch(batch.windows, self.runtime)
        except Exception:  # noqa: BLE001 - `run_batch` meets the failure again, and deals with it window by window
            return None

    def run_batch(self, batch: Batch) -> list[Mapping[str, Any] | Skip]:
        """Outputs per window; out of memory halves the batch, down to a skip of the single window."""
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
                outputs.append(_as_skip(error, extractor.name))
            start += len(part)
        self.count_windows(batch)
        return outputs

    def count_windows(self, batch: Batch) -> None:
        """Note how many windows were run."""
        name = batch.extractor.name
        self.counts.windows[name] = self.counts.windows.get(name, 0) + len(batch.windows)


class _Outcomes(dict[Request, Outcome]):
    """Outcomes so far; tells `progress` which share of the wanted ones is known."""

    def __init__(
        self, known: Mapping[Request, Outcome], *, num_wanted: int, progress: Callable[[float], None] | None
    ) -> None:
        super().__init__(known)
        self._num_wanted = num_wanted
        self._progress = progress

    def settle(self, requests: Sequence[Request], outcome: Outcome) -> None:
        """Note the outcome of these requests."""
        self.update(dict.fromkeys(requests, outcome))
        if self._progress is not None:
            self._progress(len(self) / self._num_wanted)


class _Finisher:
    """Feeds windows to batches and finishes jobs whose windows have all been run."""

    def __init__(
        self,
        owner: FeatureComputer,
        jobs: list[_Job],
        requests: Mapping[FeatureKey, list[Request]],
        outcomes: _Outcomes,
    ) -> None:
        self._owner = owner
        self._jobs = jobs
        self._requests = requests
        self._outcomes = outcomes
        self._running: deque[tuple[Batch, Mapping[str, torch.Tensor] | None]] = deque()

    def take(self, message: _Produced) -> None:
        """Handle one message of a decoding thread."""
        job = self._jobs[message.job]
        if message.outcome is not None:
            self._settle(job, message.outcome)
        elif message.window is not None:
            if job.done:
                return
            assert isinstance(job.extractor, WindowExtractor)
            job.places[message.index] = message.window.place()
            batch = self._owner._batcher.add(job.extractor, Ticket(message.job, message.index), message.window)
            if batch is not None:
                self._run(batch)
        else:
            job.total = message.index
            job.facts = message.facts or {}
            self._pool_if_complete(job)

    def flush(self) -> None:
        """Run what did not fill a batch, and wait for everything."""
        for batch in self._owner._batcher.flush():
            self._run(batch)
        self._settle_running(leave=0)

    def _run(self, batch: Batch) -> None:
        """Start a batch; on a GPU its outputs are read when the next one is under way."""
        self._running.append((batch, self._owner.launch(batch)))
        self._settle_running(leave=0 if self._running[-1][1] is None else _IN_FLIGHT)

    def _settle_running(self, *, leave: int) -> None:
        while len(self._running) > leave:
            batch, launched = self._running.popleft()
            if launched is None:
                outputs = self._owner.run_batch(batch)
            else:
                outputs = [*batch.extractor.collect(launched)]
                self._owner.count_windows(batch)
            self._take_outputs(batch, outputs)

    def _take_outputs(self, batch: Batch, outputs: Sequence[Mapping[str, Any] | Skip]) -> None:
        for ticket, output in zip(batch.tickets, outputs, strict=True):
            job = self._jobs[ticket.job]
            if isinstance(output, Skip):
                self._settle(job, output)
            else:
                job.outputs[ticket.index] = output
                self._pool_if_complete(job)

    def _pool_if_complete(self, job: _Job) -> None:
        if job.done or job.total is None or len(job.outputs) < job.total:
            return
        assert isinstance(job.extractor, WindowExtractor)
        order = range(job.total)
        try:
            pooled = job.extractor.pool([job.outputs[i] for i in order], [job.places[i] for i in order], job.facts)
        except SkipError as error:
            self._settle(job, Skip.of(error))
        else:
            self._settle(job, pooled)

    def _settle(self, job: _Job, outcome: Outcome) -> None:
        if job.done:
            return
        job.done = True
        job.outputs.clear()
        if isinstance(outcome, Features):
            if job.extractor.weights() and self._owner.runtime.weights.is_dummy:
                outcome = Features(arrays=outcome.arrays, facts=outcome.facts, dummy=True)
            if job.kept:
                self._owner.store.put(job.key, outcome)
            counts = self._owner.counts.computed
            counts[job.extractor.name] = counts.get(job.extractor.name, 0) + 1
        self._outcomes.settle(self._requests[job.key], outcome)


class _Decoders:
    """Threads that open each source once and produce the windows of every extractor that wants it."""

    def __init__(
        self, work: Sequence[tuple[MediaSource | str, list[int]]], jobs: Sequence[_Job], num_threads: int
    ) -> None:
        self._work = iter(work)
        self._jobs = jobs
        self._lock = threading.Lock()
        self._queue: ByteQueue[_Produced] = ByteQueue(_QUEUE_BYTES)
        self._alive = num_threads
        self._threads = [threading.Thread(target=self._loop, daemon=True) for _ in range(num_threads)]

    def __enter__(self) -> _Decoders:
        # Each decoding thread works alone: teams of torch threads in every one of them would fight for the cores.
        self._torch_threads = torch.get_num_threads()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._queue.close()
        for thread in self._threads:
            thread.join()
        torch.set_num_threads(self._torch_threads)

    def __iter__(self) -> Iterator[_Produced]:
        while True:
            with self._lock:
                finished = self._alive == 0
            message = self._queue.get(timeout_s=0.0 if finished else 0.1)
            if message is not None:
                yield message
            elif finished:
                return

    def _loop(self) -> None:
        torch.set_num_threads(1)
        try:
            while True:
                with self._lock:
                    task = next(self._work, None)
                if task is None:
                    return
                for message in self._produce_all(*task):
                    self._queue.put(message, message.window.size_bytes if message.window else 0)
        except Stopped:
            return
        finally:
            with self._lock:
                self._alive -= 1

    def _produce_all(self, source: MediaSource | str, numbers: list[int]) -> Iterator[_Produced]:
        if isinstance(source, str):
            for number in numbers:
                yield from _produce(number, self._jobs[number].extractor, source)
            return
        try:
            item = open_media(source)
        except Exception as error:  # noqa: BLE001 - the one boundary where any clip's failure becomes its skip
            yield from (_Produced(number, outcome=_as_skip(error, source)) for number in numbers)
            return
        with item:
            yield from self._produce_item(item, source, numbers)

    def _produce_item(self, item: MediaItem, source: MediaSource, numbers: list[int]) -> Iterator[_Produced]:
        wanted = []
        for number in numbers:
            extractor = self._jobs[number].extractor
            assert isinstance(extractor, ClipExtractor | WindowExtractor)
            try:
                item.add_requests(*extractor.requests(item))
                wanted.append(number)
            except Exception as error:  # noqa: BLE001 - as above
                yield _Produced(number, outcome=_as_skip(error, source))
        for number in wanted:
            yield from _produce(number, self._jobs[number].extractor, item)


def _produce(number: int, extractor: Extractor, media: Any) -> Iterator[_Produced]:
    """All messages of one job; any failure of this clip becomes its skip."""
    try:
        if isinstance(extractor, ClipExtractor):
            yield _Produced(number, outcome=extractor.extract(media))
            return
        assert isinstance(extractor, WindowExtractor)
        count = 0
        for window in extractor.windows(media):
            yield _Produced(number, window=window, index=count)
            count += 1
        yield _Produced(number, index=count, facts=extractor.facts(media))
    except Stopped:
        raise
    except Exception as error:  # noqa: BLE001 - the one boundary where any clip's failure becomes its skip
        yield _Produced(number, outcome=_as_skip(error, media))


def _as_skip(error: Exception, where: object) -> Skip:
    if isinstance(error, SkipError):
        return Skip.of(error)
    logger.debug("unexpected failure", exc_info=error)
    name = getattr(where, "name", where)
    text = error.message if isinstance(error, AvmeterError) else f"{type(error).__name__}: {error}"
    return Skip(code=SkipCode.FAILED, reason=f"{name}: {text}", hint="please report this with the file, if you can")


def _unavailable(error: AvmeterError) -> Skip:
    code = SkipCode.WEIGHTS_UNAVAILABLE if isinstance(error, WeightsError) else SkipCode.DEPENDENCY_MISSING
    return Skip(code=code, reason=error.message, hint=error.hint)


def _is_kept(request: Request, plan: Plan) -> bool:
    """True if everything that a request reads can come again: files and texts, not arrays in memory."""
    sources = (plan.sources[name] for name in request.sources)
    return all(isinstance(s, str) or s.path is not None for s in sources)


def _content_key(source: MediaSource | str) -> str:
    if isinstance(source, str):
        return content_key_of_text(source)
    if source.path is not None:
        return content_key(source.path)
    parts = []
    if source.samples is not None:
        parts.append(array_key(source.samples, source.sample_rate))
    if source.frames is not None:
        parts.append(array_key(source.frames, source.fps))
    return ":".join(parts)


def content_key_of_text(text: str) -> str:
    """Key of a text, as `content_key` is of a file."""
    return hashlib.sha256(b"text\0" + text.encode("utf-8", "surrogatepass")).hexdigest()


def open_media(source: MediaSource) -> MediaItem:
    """A decodable item behind a source.

    Raises:
        SkipError: The file is missing or unreadable, or frames came without a rate.
    """
    if source.path is not None:
        return MediaItem.open(source.path)
    if source.frames is not None:
        if source.fps is None:
            raise SkipError(
                SkipCode.NO_FRAME_RATE,
                f"{source}: frames without a frame rate",
                hint="give `fps=` with the frames",
            )
        return MediaItem.from_frames(source.frames, source.fps, audio=source.samples, sample_rate=source.sample_rate)
    assert source.samples is not None
    assert source.sample_rate is not None
    return MediaItem.from_audio(source.samples, source.sample_rate)


@contextlib.contextmanager
def _precision(runtime: Runtime) -> Iterator[None]:
    """TF32 exactly as asked, autocast for half precision; the process's own settings return afterwards."""
    tf32 = runtime.precision != "float32"
    matmul, cudnn = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    # Launching a network is thousands of short Python steps; with the interpreter's usual 5 ms turns each of them
    # would wait for a decoding thread.
    turns_s = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(runtime.precision)
    cast: contextlib.AbstractContextManager[Any] = (
        torch.autocast(runtime.device.type, dtype=half) if half else contextlib.nullcontext()
    )
    try:
        with cast:
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = matmul, cudnn
        sys.setswitchinterval(turns_s)
