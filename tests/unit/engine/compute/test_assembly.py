"""Windows become features in whatever order their outputs come."""

import numpy as np
import pytest

from avmeter.engine.compute.assembly import FeatureAssembler
from avmeter.engine.compute.batch_runner import BatchRunner
from avmeter.engine.compute.batching import Batcher, BatchSizes
from avmeter.engine.compute.counts import Counts
from avmeter.engine.compute.jobs import FeatureJob
from avmeter.engine.decode.messages import DecodeEvent
from avmeter.engine.store import FeatureKey
from avmeter.errors import SkipCode
from avmeter.features.base import Features, Window
from avmeter.result import Skip
from support.engine import Blocks, MeanMetric, clip, run, runtime


def test_clip_whose_outputs_cannot_be_pooled_is_a_named_skip():
    """The others are scored."""
    result = run([clip(0.1), clip(0.9)], MeanMetric(fail="pooling"))
    assert result.rows[0]["test.mean"].score == pytest.approx(0.1)
    assert result.rows[1]["test.mean"].skip.code == SkipCode.FAILED
    assert "no such mean" in result.rows[1]["test.mean"].skip.reason


class Memory:
    """A store in memory that only takes."""

    def __init__(self):
        self.features = {}

    def put(self, key, features):
        self.features[key] = features


def assembled(events, *, num_jobs=1, dummy=False, is_stored=True, batch_size=2):
    """Outcomes, stored features and counts after these events."""
    jobs = {
        i: FeatureJob(key=FeatureKey(f"clip{i}", "f"), extractor=Blocks(), is_stored=is_stored) for i in range(num_jobs)
    }
    store, counts, batcher, device = Memory(), Counts(), Batcher(BatchSizes(batch_size)), runtime(dummy=dummy)
    assembler = FeatureAssembler(
        jobs, runtime=device, store=store, counts=counts, batcher=batcher,
        run_batch=BatchRunner(device, batcher).run,
    )  # fmt: skip
    for event in events:
        assembler.handle(event)
    assembler.flush()
    return [job.outcome for job in jobs.values()], store.features, counts


def windows_of(job, *levels):
    for i, level in enumerate(levels):
        yield DecodeEvent(job, window=Window(inputs={"x": np.full(8, level, np.float32)}), index=i)
    yield DecodeEvent(job, index=len(levels), facts={"n": len(levels)})


def test_windows_of_two_clips_in_turn_become_their_own_features():
    """Outputs find their job and their place, though batches mix both clips."""
    events = [e for pair in zip(windows_of(0, 0.1, 0.2, 0.3), windows_of(1, 0.4, 0.5, 0.6), strict=True) for e in pair]
    outcomes, stored, counts = assembled(events, num_jobs=2)
    np.testing.assert_allclose(outcomes[0]["means"], [0.1, 0.2, 0.3], rtol=1e-6)
    np.testing.assert_allclose(outcomes[1]["means"], [0.4, 0.5, 0.6], rtol=1e-6)
    assert len(stored) == 2
    assert (counts.computed, counts.windows) == ({"test_blocks": 2}, {"test_blocks": 6})


def test_arrays_that_an_extractor_fills_again_are_those_of_their_clips(monkeypatch):
    """All clips had the features of the last: to use a buffer again is a fair way to save memory."""
    buffer, facts = np.zeros(1), {}

    def pool(self, outputs, windows, given):
        buffer[:] = np.mean([o["mean"] for o in outputs])
        facts["mean"] = float(buffer[0])
        return Features(arrays={"mean": buffer}, facts=facts)

    monkeypatch.setattr(Blocks, "pool", pool)
    outcomes, stored, _ = assembled([*windows_of(0, 0.25), *windows_of(1, 0.75)], num_jobs=2)
    assert [float(o["mean"][0]) for o in outcomes] == [0.25, 0.75]
    assert [f.facts["mean"] for f in stored.values()] == [0.25, 0.75]


def test_clip_whose_pooling_returns_nothing_is_a_named_skip(monkeypatch):
    """It ended the run."""
    monkeypatch.setattr(Blocks, "pool", lambda self, outputs, windows, facts: None)
    (outcome,), _, _ = assembled(windows_of(0, 0.25))
    assert outcome.code == SkipCode.FAILED


def test_clip_that_fails_between_its_windows_is_its_skip():
    """What comes of it later is ignored, and nothing of it is stored."""
    skip = Skip(code=SkipCode.UNREADABLE, reason="cut")
    first, *_ = windows_of(0, 0.1, 0.2)
    outcomes, stored, counts = assembled([first, DecodeEvent(0, outcome=skip), *windows_of(0, 0.1, 0.2)])
    assert outcomes == [skip]
    assert not stored
    assert not counts.computed


def test_features_of_arrays_are_not_stored_and_those_of_stand_in_weights_are_marked():
    """Both are told to the assembler by the job and the runtime."""
    outcomes, stored, _ = assembled(windows_of(0, 0.1), is_stored=False, dummy=True)
    assert outcomes[0].dummy
    assert not stored


def test_what_comes_of_a_job_that_is_gone_is_ignored():
    """A source that was given up may still say something, after its plan was handed out."""
    outcomes, stored, counts = assembled([*windows_of(0, 0.1), *windows_of(7, 0.2)])
    np.testing.assert_allclose(outcomes[0]["means"], [0.1], rtol=1e-6)
    assert (len(stored), counts.windows) == (1, {"test_blocks": 1})
