"""Batches come back in order; on a GPU with the scores of the CPU and several under way at once."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from avmeter.engine.compute.batching import Batch, WindowId
from avmeter.engine.compute.device_pipeline import DevicePipeline, UploadThread
from avmeter.features.base import Features, Window, WindowExtractor
from avmeter.runtime import Runtime
from support import require


class Doubler(WindowExtractor):
    """Twice the input; refuses what is negative."""

    name = "test_doubler"
    takes = "audio"

    def windows(self, media):
        yield from ()

    def forward(self, batch):
        if os.environ.get("AVMETER_TEST_FAIL"):
            raise torch.OutOfMemoryError
        return {"twice": batch["x"] * 2}

    def pool(self, outputs, windows, facts):
        return Features()


def runtime(device):
    return Runtime(device=torch.device(device), precision="float32", weights=SimpleNamespace(is_dummy=True))


def batches(count, size=1000):
    extractor = Doubler()
    for i in range(count):
        rows = np.arange(4 * size, dtype=np.float32).reshape(4, size) + i
        yield Batch(extractor, tuple(WindowId(i, j) for j in range(4)), tuple(Window(inputs={"x": r}) for r in rows))


def through(pipeline, made):
    found = []
    for batch in made:
        found.extend(pipeline.push(batch))
    found.extend(pipeline.drain())
    return found


def assert_doubled(found, count, size=1000):
    assert [b.ids[0].job for b, _ in found] == list(range(count))
    for i, (_, outputs) in enumerate(found):
        got = np.stack([o["twice"] for o in outputs])
        np.testing.assert_array_equal(got, (np.arange(4 * size, dtype=np.float32).reshape(4, size) + i) * 2)


def test_batch_on_the_cpu_comes_back_at_once():
    """Nothing is held back where nothing can overlap."""
    run = runtime("cpu")
    pipeline = DevicePipeline(run, lambda b: b.extractor.run(b.windows, run))
    for i, batch in enumerate(batches(3)):
        ((done, _),) = pipeline.push(batch)
        assert done.ids[0].job == i
    assert_doubled(through(pipeline, batches(3)), 3)


def test_batch_whose_failure_is_told_late_is_run_again_by_itself():
    """A GPU says only when outputs are asked for that their kernel failed; `run_batch` copes with it."""
    run = runtime("cpu")
    pipeline = DevicePipeline(run, lambda b: b.extractor.run(b.windows, run))
    (batch,) = batches(1)

    def wait():
        raise RuntimeError("told late")

    assert_doubled([(batch, pipeline._collect(batch, SimpleNamespace(wait=wait)))], 1)


def uploads_running():
    return [t for t in threading.enumerate() if t.name == "avmeter-upload"]


def test_uploads_come_in_order_and_a_failed_one_in_its_place():
    """The batch that failed is run again by itself; those behind it are not held up."""

    def upload(batch):
        if batch.ids[0].job == 1:
            raise ValueError("no room")
        return {"job": torch.tensor(batch.ids[0].job)}

    thread = UploadThread(upload)
    for batch in batches(3):
        thread.submit(batch)
    assert thread.result() == {"job": torch.tensor(0)}
    with pytest.raises(ValueError, match="no room"):
        thread.result()
    assert thread.result() == {"job": torch.tensor(2)}
    assert not thread.has_result()


def test_upload_thread_ends_with_who_uses_it():
    """Also when a run breaks off, and nobody says so."""
    before = len(uploads_running())
    thread = UploadThread(lambda batch: {})
    assert len(uploads_running()) == before + 1
    del thread
    deadline = time.monotonic() + 120
    while len(uploads_running()) > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def cuda():
    """A runtime on a GPU."""
    if not torch.cuda.is_available():
        require.absent("gpu", "no GPU that torch can use")
    return runtime("cuda")


def test_many_batches_on_a_gpu_come_back_in_order(cuda):
    """Large ones too, whose rows need several pinned buffers, and one whose row fits none."""
    pipeline = DevicePipeline(cuda, lambda b: pytest.fail("nothing failed"))
    assert_doubled(through(pipeline, batches(40)), 40)
    assert_doubled(through(pipeline, batches(3, size=6_000_000)), 3, size=6_000_000)
    assert_doubled(through(pipeline, batches(2, size=20_000_000)), 2, size=20_000_000)


def test_batch_that_fails_on_a_gpu_is_run_again_by_itself(cuda, monkeypatch):
    """Memory that is short while others are under way may suffice afterwards."""
    monkeypatch.setenv("AVMETER_TEST_FAIL", "1")

    def again(batch):
        monkeypatch.delenv("AVMETER_TEST_FAIL", raising=False)
        return batch.extractor.run(batch.windows, cuda)

    assert_doubled(through(DevicePipeline(cuda, again), batches(5)), 5)


def test_run_in_a_stream_of_the_caller_waits_for_its_uploads(cuda):
    """Training loops have streams of their own; a batch is never read before it has arrived."""
    with torch.cuda.stream(torch.cuda.Stream()):
        pipeline = DevicePipeline(cuda, lambda b: pytest.fail("nothing failed"))
        assert_doubled(through(pipeline, batches(20, size=1_000_000)), 20, size=1_000_000)


def test_uploads_from_two_threads_do_not_share_a_buffer(cuda):
    """A batch that failed is uploaded again by one thread while the next one is by the other."""
    rows = [[np.full(500_000, i * 100 + j, np.float32) for j in range(8)] for i in range(40)]
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda r: cuda.stack(r).cpu().numpy(), rows))
    np.testing.assert_array_equal(found, np.stack([np.stack(r) for r in rows]))


def test_unloading_gives_the_pinned_memory_back(cuda):
    """It comes again when needed."""
    cuda.stack([np.ones(3, np.float32)])
    cuda.unload()
    assert not cuda._pinned
    assert cuda.stack([np.ones(3, np.float32)]).sum() == 3
