"""From windows to finished features: batches, outputs in flight, pooling, the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from avmeter.engine.compute.activity import Activity
from avmeter.engine.compute.batching import Batch, Batcher, WindowId
from avmeter.engine.compute.counts import Counts
from avmeter.engine.compute.device_pipeline import DevicePipeline, Outputs
from avmeter.engine.compute.jobs import FeatureJob, Outcomes
from avmeter.engine.decode.messages import DecodeEvent
from avmeter.engine.failures import skip_of_failure
from avmeter.engine.plan import Outcome
from avmeter.engine.store import Store
from avmeter.features.base import Features, WindowExtractor
from avmeter.result import Skip
from avmeter.runtime import Runtime


class FeatureAssembler:
    """Feeds windows to batches, and finishes jobs whose windows have all been run.

    Args:
        jobs: Jobs; events name them by their position.
        outcomes: Gets the outcome of every job.
        runtime: Device, precision, weights.
        store: Gets the features.
        counts: Gets their numbers.
        batcher: Collects windows; it outlives this object, and so remembers what fits on the device.
        run_batch: Runs a batch here and now, and copes with every failure.
        activity: Is kept up to date, for whoever shows it.
    """

    def __init__(
        self,
        jobs: Sequence[FeatureJob],
        outcomes: Outcomes,
        *,
        runtime: Runtime,
        store: Store,
        counts: Counts,
        batcher: Batcher,
        run_batch: Callable[[Batch], Outputs],
        activity: Activity | None = None,
    ) -> None:
        self._jobs = jobs
        self._outcomes = outcomes
        self._runtime = runtime
        self._store = store
        self._counts = counts
        self._batcher = batcher
        self._pipeline = DevicePipeline(runtime, run_batch)
        self._activity = activity or Activity()
        self._last_event_s = time.perf_counter()

    def handle(self, event: DecodeEvent) -> None:
        """Take in one event of a decoding thread."""
        job = self._jobs[event.job]
        if event.outcome is not None:
            self._record(job, event.outcome)
        elif event.window is not None:
            if job.is_done:
                return
            assert isinstance(job.extractor, WindowExtractor)
            job.spans[event.index] = event.window.without_inputs()
            batch = self._batcher.add(job.extractor, WindowId(event.job, event.index), event.window)
            if batch is not None:
                self._run(batch)
        else:
            job.num_windows = event.index
            job.facts = event.facts or {}
            self._pool_if_complete(job)

    def flush(self) -> None:
        """Run what did not fill a batch, and wait for everything."""
        for batch in self._batcher.flush():
            self._run(batch)
        for finished, outputs in self._pipeline.drain():
            self._distribute(finished, outputs)

    def _run(self, batch: Batch) -> None:
        for finished, outputs in self._pipeline.push(batch):
            self._distribute(finished, outputs)

    def _distribute(self, batch: Batch, outputs: Outputs) -> None:
        """Give the outputs of a batch to the jobs of its windows."""
        self._counts.add_windows(batch.extractor.name, len(batch.windows))
        self._counts.add_time(batch.extractor.identity(), seconds=self._lap())
        self._activity.stage = "scoring"
        self._activity.num_windows += len(batch.windows)
        for window_id, output in zip(batch.ids, outputs, strict=True):
            job = self._jobs[window_id.job]
            if isinstance(output, Skip):
                self._record(job, output)
            else:
                job.outputs[window_id.index] = output
                self._pool_if_complete(job)

    def _pool_if_complete(self, job: FeatureJob) -> None:
        if job.is_done or not job.is_complete:
            return
        assert isinstance(job.extractor, WindowExtractor)
        order = range(len(job.outputs))
        try:
            pooled = job.extractor.pool([job.outputs[i] for i in order], [job.spans[i] for i in order], job.facts)
        except Exception as error:  # noqa: BLE001 - a clip's failure becomes its skip
            self._record(job, skip_of_failure(error, job.extractor))
        else:
            self._record(job, pooled)

    def _record(self, job: FeatureJob, outcome: Outcome) -> None:
        """Note the outcome of a job, and store it; what comes of the job later is ignored."""
        if job.is_done:
            return
        job.is_done = True
        job.outputs.clear()
        if isinstance(outcome, Features):
            if job.extractor.weights() and self._runtime.weights.is_dummy:
                outcome = Features(arrays=outcome.arrays, facts=outcome.facts, dummy=True)
            if job.is_stored:
                self._store.put(job.key, outcome)
            self._counts.add_feature(job.extractor.name)
            self._counts.add_time(job.extractor.identity(), seconds=self._lap(), features=1)
        self._outcomes.record(job.requests, outcome)

    def _lap(self) -> float:
        """Return the seconds since this was asked for last."""
        now = time.perf_counter()
        lap_s, self._last_event_s = now - self._last_event_s, now
        return lap_s
