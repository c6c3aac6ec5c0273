"""A batch that fails costs as few windows as possible."""

import numpy as np
import pytest

from avmeter.engine.compute.batch_runner import BatchRunner
from avmeter.engine.compute.batching import Batch, BatchSizes, WindowId
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Window
from support.engine import Blocks, MeanMetric, clip, run, runtime


def test_out_of_memory_halves_the_batch_and_goes_on():
    """A batch that does not fit is split until it does; scores are unaffected."""
    result = run([clip(0.1), clip(0.2)], MeanMetric(fail="memory"), num_threads=1)
    assert [r["test.mean"].score for r in result.rows] == pytest.approx([0.1, 0.2])
    assert result.extractor.batches[0] == 4
    assert 1 in result.extractor.batches


def test_window_that_never_fits_is_a_named_skip():
    """When even one window does not fit, the clip says so."""
    result = run([clip(0.1)], MeanMetric(fail="always"))
    assert result.rows[0]["test.mean"].skip.code == SkipCode.OUT_OF_MEMORY


def test_failing_clip_does_not_take_its_batch_along():
    """A network error of one clip leaves the others of its batch scored."""
    result = run([clip(0.1), clip(0.95), clip(0.2)], MeanMetric(fail="loud"), batch_size=9)
    assert [r["test.mean"].score for r in result.rows] == [pytest.approx(0.1), None, pytest.approx(0.2)]
    assert result.rows[1]["test.mean"].skip.code == SkipCode.FAILED
    assert "too loud" in result.rows[1]["test.mean"].skip.reason


def test_skip_of_a_network_is_that_of_every_window():
    """An extractor that refuses a batch by name is not asked again window by window."""

    class Refusing(Blocks):
        def forward(self, batch):
            self.batches.append(len(batch["x"]))
            raise SkipError(SkipCode.UNSUPPORTED, "not this")

    extractor = Refusing()
    windows = tuple(Window(inputs={"x": np.zeros(8, np.float32)}) for _ in range(3))
    outputs = BatchRunner(runtime(), BatchSizes()).run(Batch(extractor, (WindowId(0, 0),) * 3, windows))
    assert [o.code for o in outputs] == [SkipCode.UNSUPPORTED] * 3
    assert extractor.batches == [3]


def test_batch_that_is_on_the_device_is_run_from_there_in_smaller_parts():
    """Its arrays here were let go of once it was uploaded: a failure that shows later needs none of them."""

    class Picky(Blocks):
        def forward(self, batch):
            self.batches.append(len(batch["x"]))
            if len(batch["x"]) > 1:
                raise ValueError("one by one")
            return {"sum": batch["x"].sum(dim=1)}

    extractor = Picky()
    windows = tuple(Window(inputs={"x": np.full(8, i, np.float32)}) for i in range(3))
    batch = Batch(extractor, tuple(WindowId(0, i) for i in range(3)), windows)
    batch = batch.on_device(extractor.upload(windows, runtime()))
    assert all(window.size_bytes == 0 for window in batch.windows)
    outputs = BatchRunner(runtime(), BatchSizes()).run(batch)
    assert [float(o["sum"]) for o in outputs] == [0.0, 8.0, 16.0]
    assert extractor.batches == [3, 1, 1, 1]
