"""From windows to finished features: batches, outputs in flight, pooling, the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from avmeter.engine.compute.activity import Activity
from avmeter.engine.compute.batching import Batch, Batcher, WindowId
from avmeter.engine.compute.counts import Counts
from avmeter.engine.compute.device_pipeline import DevicePipeline, Outputs
from avmeter.engine.compute.jobs import FeatureJob
from avmeter.engine.decode.messages import DecodeEvent
from avmeter.engine.failures import FAILURES, never, skip_of_failure
from avmeter.engine.plan import Outcome
from avmeter.engine.store import Store
from avmeter.features.base import Features, WindowExtractor
from avmeter.result import Skip
from avmeter.runtime import Runtime


class FeatureAssembler:
    """Feeds windows to batches, and finishes jobs whose windows have all been run.

    Args:
        jobs: Jobs by the numbers that events name; more may come, and what comes of one that is gone is ignored.
        runtime: Device, precision, weights.
        store: Gets the features.
        counts: Gets their numbers.
        batcher: Collects windows.
        run_batch: Runs a batch here and now, and copes with every failure.
        should_stop: Called while a batch is waited for; once it returns True, nothing more is.
        activity: Is kept up to date, for whoever shows it.
    """

    def __init__(
        self,
        jobs: Mapping[int, FeatureJob],
        *,
        runtime: Runtime,
        store: Store,
        counts: Counts,
        batcher: Batcher,
        run_batch: Callable[[Batch], Outputs],
        should_stop: Callable[[], bool] = never,
        activity: Activity | None = None,
    ) -> None:
        self._jobs = jobs
        self._runtime = runtime
        self._store = store
        self._counts = counts
        self._batcher = batcher
        self._pipeline = DevicePipeline(runtime, run_batch, should_stop)
        self._activity = activity or Activity()
        self.start_clock()

    def start_clock(self) -> None:
        """Count the seconds until now for no extractor."""
        self._last_event_s = time.perf_counter()

    def handle(self, event: DecodeEvent) -> None:
        """Take in one event of a decoding thread."""
        job = self._jobs.get(event.job)
        if job is None or job.outcome is not None:
            return
        if event.outcome is not None:
            self.finish(job, event.outcome)
        elif event.window is not None:
            assert isinstance(job.extractor, WindowExtractor)
            job.spans[event.index] = event.window.without_inputs()
            try:
                batch = self._batcher.add(job.extractor, WindowId(event.job, event.index), event.window)
            except FAILURES as error:  # of `batch_key`
                self.finish(job, skip_of_failure(error, job.extractor))
                return
            if batch is not None:
                self._run(batch)
        else:
            job.num_windows = event.index
            job.facts = event.facts or {}
            self._pool_if_complete(job)

    def run_partial_batches(self) -> None:
        """Run what did not fill a batch, and do not wait for it."""
        for batch in self._batcher.flush():
            self._run(batch)

    def collect(self) -> None:
        """Take in what has been computed meanwhile."""
        self._distribute_all(self._pipeline.collect())

    def flush(self) -> None:
        """Run what did not fill a batch, and wait for everything."""
        self.run_partial_batches()
        self._distribute_all(self._pipeline.drain())

    def _run(self, batch: Batch) -> None:
        self._activity.begin(batch.extractor.name)
        self._distribute_all(self._pipeline.push(batch))

    def _distribute_all(self, finished: Iterable[tuple[Batch, Outputs]]) -> None:
        for batch, outputs in finished:
            self._distribute(batch, outputs)

    def _distribute(self, batch: Batch, outputs: Outputs) -> None:
        """Give the outputs of a batch to the jobs of its windows."""
        self._counts.add_windows(batch.extractor.name, len(batch.windows))
        self._counts.add_time(batch.extractor.identity(), seconds=self._lap())
        self._activity.stage = "scoring"
        self._activity.finish(batch.extractor.name, num_windows=len(batch.windows))
        for window_id, output in zip(batch.ids, outputs, strict=True):
            job = self._jobs.get(window_id.job)
            if job is None or job.outcome is not None:
                continue
            if isinstance(output, Skip):
                self.finish(job, output)
            else:
                job.outputs[window_id.index] = output
                self._pool_if_complete(job)

    def _pool_if_complete(self, job: FeatureJob) -> None:
        if not job.is_complete:
            return
        assert isinstance(job.extractor, WindowExtractor)
        order = range(len(job.outputs))
        try:
            pooled = job.extractor.pool([job.outputs[i] for i in order], [job.spans[i] for i in order], job.facts)
            pooled = Features.owned(pooled)
        except FAILURES as error:  # a clip's failure becomes its skip
            self.finish(job, skip_of_failure(error, job.extractor))
        else:
            self.finish(job, pooled)

    def finish(self, job: FeatureJob, outcome: Outcome) -> None:
        """Note the outcome of a job, and store it; what comes of the job later is ignored."""
        if isinstance(outcome, Features):
            if job.reads_dummy or job.extractor.has_dummy_weights(self._runtime):
                outcome = replace(outcome, dummy=True)
            if job.is_stored:
                self._store.put(job.key, outcome)
            self._counts.add_feature(job.extractor.name)
            self._counts.add_time(job.extractor.identity(), seconds=self._lap(), features=1)
        job.finish(outcome)

    def _lap(self) -> float:
        """Return the seconds since this was asked for last."""
        now = time.perf_counter()
        lap_s, self._last_event_s = now - self._last_event_s, now
        return lap_s
