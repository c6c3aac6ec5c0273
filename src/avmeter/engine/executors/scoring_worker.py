"""A process that scores samples whose features are all stored; it decodes nothing, and has no network and no GPU."""

from __future__ import annotations

import contextlib
import importlib
import signal
import traceback
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from avmeter.engine.compute.computer import FeatureComputer
from avmeter.engine.compute.counts import Counts
from avmeter.engine.compute.prefetch import Prefetch
from avmeter.engine.executors.base import ChunkResult
from avmeter.engine.executors.corpus import start_states
from avmeter.engine.executors.messages import ChunkTask, PartsDone, ScoringSetup, WantsChunk, WorkerFault, hashes_of
from avmeter.engine.executors.scoring import score_chunk
from avmeter.engine.ipc.channel import Channel
from avmeter.engine.ipc.process import connect_to_run, exit_with_run
from avmeter.engine.plan import FeatureRequest, Outcome, Plan, make_plan
from avmeter.engine.run_log import logged
from avmeter.features.base import Extractor
from avmeter.media import remember_hashes
from avmeter.metrics.base import Metric
from avmeter.sample import Sample

_POLL_S = 1.0


def serve(descriptor: int) -> None:
    """Work on chunks until the run hangs up, or interrupts.

    Args:
        descriptor: File descriptor of a connected socket, inherited.
    """
    # Started in the background of a shell, a process and all that it starts ignore interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    exit_with_run(descriptor)  # nothing is lost: whoever scores a clip again has the same result
    channel: Channel | None = None
    try:
        channel = connect_to_run(descriptor)
        setup: ScoringSetup = channel.receive()
        computer = setup.config.build_computer()
        computer.assume_fingerprints(setup.fingerprints)
        _answer_tasks(channel, StoredScorer(computer))
    except (EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        return
    except BaseException:
        if channel is None:
            raise
        with contextlib.suppress(OSError):  # the log of the run is where people look
            channel.send(WorkerFault(traceback=traceback.format_exc()))
        raise


def _answer_tasks(channel: Channel, scorer: StoredScorer) -> None:
    """Score one chunk after the other; the next comes meanwhile, so that neither end waits for the other to read."""
    tasks = Prefetch(_received(channel))
    with logged() as log:
        tasks.ask()
        while True:
            while (task := tasks.get(_POLL_S)) is None:
                pass
            tasks.ask()
            channel.send(WantsChunk(after=task.number))
            for module in task.modules:
                importlib.import_module(module)
            remember_hashes(task.hashes)
            try:
                parts, num_reads = scorer.score(task.samples, task.metrics)
                new = {p: h for p, h in hashes_of(task.samples).items() if task.hashes.get(p) != h}
                counts = Counts(store_reads=num_reads)
                channel.send(PartsDone(number=task.number, parts=parts, counts=counts, log=log.take(), hashes=new))
            except (OSError, KeyboardInterrupt):
                raise
            except Exception:  # noqa: BLE001 - a state that cannot be sent, or what a run must raise: it scores these
                text = f"{log.take()}{traceback.format_exc()}"
                channel.send(PartsDone(number=task.number, parts={}, counts=Counts(), log=text))


def _received(channel: Channel) -> Iterator[ChunkTask]:
    while True:
        yield channel.receive()


class StoredScorer:
    """Scores what needs nothing to be computed.

    Args:
        computer: Looks into the store.
    """

    def __init__(self, computer: FeatureComputer) -> None:
        self._computer = computer
        self._extractors: dict[str, Extractor] = {}

    def score(self, samples: Sequence[Sample], metrics: Mapping[str, Metric]) -> tuple[dict[int, ChunkResult], int]:
        """Return the results of those samples that lack no feature, and how many features were read.

        Returns:
            Position of the first of consecutive samples -> their results, in order; then the number. Requests of
            equal content have one feature.
        """
        plan = make_plan(samples, metrics, self._extractors)
        demand = self._computer.demand(plan)
        if not demand.num_jobs:
            return {0: _score(samples, metrics, plan, demand.known)}, demand.num_stored
        parts = {}
        for is_known, positions in groupby(range(len(samples)), lambda i: _is_known(i, metrics, plan, demand.known)):
            if is_known:
                first, *rest = positions
                part = samples[first : first + 1 + len(rest)]
                own_plan = make_plan(part, metrics, self._extractors)
                parts[first] = _score(part, metrics, own_plan, demand.known)
        return parts, demand.num_stored


def _is_known(index: int, metrics: Mapping[str, Metric], plan: Plan, known: Mapping[FeatureRequest, Outcome]) -> bool:
    """Return True if every feature of a sample is stored, or known to be a skip."""
    requests = (r for name in metrics for r in plan.requested.get((index, name), {}).values())
    return all(r in known for r in requests if isinstance(r, FeatureRequest))


def _score(
    samples: Sequence[Sample],
    metrics: Mapping[str, Metric],
    plan: Plan,
    known: Mapping[FeatureRequest, Outcome],
) -> ChunkResult:
    states = start_states(metrics, of_part=True)
    return ChunkResult(rows=score_chunk(samples, metrics, plan, known, states), states=states)
