"""Batches come back in order; on a GPU with the scores of the CPU and several under way at once."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from avmeter.engine.batch import Batch, Ticket
from avmeter.engine.pipeline import Pipeline
from avmeter.features.base import Features, Runtime, Window, WindowExtractor


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
        yield Batch(extractor, tuple(Ticket(i, j) for j in range(4)), tuple(Window(inputs={"x": r}) for r in rows))


def through(pipeline, made):
    found = []
    for batch in made:
        found.extend(pipeline.push(batch))
    found.extend(pipeline.drain())
    return found


def assert_doubled(found, count, size=1000):
    assert [b.tickets[0].job for b, _ in found] == list(range(count))
    for i, (_, outputs) in enumerate(found):
        got = np.stack([o["twice"] for o in outputs])
        np.testing.assert_array_equal(got, (np.arange(4 * size, dtype=np.float32).reshape(4, size) + i) * 2)


def test_batch_on_the_cpu_comes_back_at_once():
    """Nothing is held back where nothing can overlap."""
    run = runtime("cpu")
    pipeline = Pipeline(run, lambda b: b.extractor.run(b.windows, run))
    for i, batch in enumerate(batches(3)):
        ((done, _),) = pipeline.push(batch)
        assert done.tickets[0].job == i
    assert_doubled(through(pipeline, batches(3)), 3)


@pytest.fixture
def cuda():
    """A GPU. Without one: skipped, or failed if AVMETER_REQUIRE has "gpu" in it."""
    if not torch.cuda.is_available():
        if "gpu" in os.environ.get("AVMETER_REQUIRE", "").split(","):
            pytest.fail("AVMETER_REQUIRE asks for a GPU, and torch sees none")
        pytest.skip("no GPU that torch can use")
    return runtime("cuda")


def test_many_batches_on_a_gpu_come_back_in_order(cuda):
    """Large ones too, whose rows need several pinned buffers, and one whose row fits none."""
    pipeline = Pipeline(cuda, lambda b: pytest.fail("nothing failed"))
    assert_doubled(through(pipeline, batches(40)), 40)
    assert_doubled(through(pipeline, batches(3, size=6_000_000)), 3, size=6_000_000)
    assert_doubled(through(pipeline, batches(2, size=20_000_000)), 2, size=20_000_000)


def test_batch_that_fails_on_a_gpu_is_run_again_by_itself(cuda, monkeypatch):
    """Memory that is short while others are under way may suffice afterwards."""
    monkeypatch.setenv("AVMETER_TEST_FAIL", "1")

    def again(batch):
        monkeypatch.delenv("AVMETER_TEST_FAIL", raising=False)
        return batch.extractor.run(batch.windows, cuda)

    assert_doubled(through(Pipeline(cuda, again), batches(5)), 5)
