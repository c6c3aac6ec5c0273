"""From windows to finished features: batches, outputs in flight, pooling, the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from avmeter.engine.compute.batching import Batch, Ticket
from avmeter.engine.compute.device_pipeline import Outputs, Pipeline
from avmeter.engine.decode.messages import Job, Outcome, Outcomes, Produced, as_skip
from avmeter.engine.plan import Request
from avmeter.engine.store import FeatureKey
from avmeter.features.base import Features, WindowExtractor
from avmeter.result import Skip

if TYPE_CHECKING:
    from avmeter.engine.compute.computer import FeatureComputer


class Finisher:
    """Feeds windows to batches and finishes jobs whose windows have all been run."""

    def __init__(
        self,
        owner: FeatureComputer,
        jobs: list[Job],
        requests: Mapping[FeatureKey, list[Request]],
        outcomes: Outcomes,
    ) -> None:
        self._owner = owner
        self._jobs = jobs
        self._requests = requests
        self._outcomes = outcomes
        self._pipeline = Pipeline(owner.runtime, owner.run_batch)

    def take(self, message: Produced) -> None:
        """Handle one message of a decoding thread."""
        job = self._jobs[message.job]
        if message.outcome is not None:
            self._settle(job, message.outcome)
        elif message.window is not None:
            if job.done:
                return
            assert isinstance(job.extractor, WindowExtractor)
            job.places[message.index] = message.window.without_inputs()
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
        for finished, outputs in self._pipeline.drain():
            self._take_outputs(finished, outputs)

    def _run(self, batch: Batch) -> None:
        for finished, outputs in self._pipeline.push(batch):
            self._take_outputs(finished, outputs)

    def _take_outputs(self, batch: Batch, outputs: Outputs) -> None:
        self._owner.count_windows(batch)
        for ticket, output in zip(batch.tickets, outputs, strict=True):
            job = self._jobs[ticket.job]
            if isinstance(output, Skip):
                self._settle(job, output)
            else:
                job.outputs[ticket.index] = output
                self._pool_if_complete(job)

    def _pool_if_complete(self, job: Job) -> None:
        if job.done or job.total is None or len(job.outputs) < job.total:
            return
        assert isinstance(job.extractor, WindowExtractor)
        order = range(job.total)
        try:
            pooled = job.extractor.pool([job.outputs[i] for i in order], [job.places[i] for i in order], job.facts)
        except Exception as error:  # noqa: BLE001 - as where windows are made: a clip's failure becomes its skip
            self._settle(job, as_skip(error, job.extractor.name))
        else:
            self._settle(job, pooled)

    def _settle(self, job: Job, outcome: Outcome) -> None:
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
