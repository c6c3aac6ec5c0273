"""Windows of all clips share batches, those of one shape each."""

import numpy as np
import pytest

from avmeter.engine.compute import batching
from avmeter.engine.compute.batching import Batcher, BatchSizes, WindowId
from avmeter.features.base import Window
from support.engine import Blocks, MeanMetric, clip, run


def test_windows_of_all_clips_share_batches():
    """Two clips of three windows make one full batch and one of the rest."""
    result = run([clip(0.1), clip(0.2)], MeanMetric(), num_threads=1)
    assert result.extractor.batches == [4, 2]
    assert [r["test.mean"].score for r in result.rows] == pytest.approx([0.1, 0.2])


def test_batches_keep_unequal_shapes_apart():
    """Only windows of one shape meet in a batch."""
    extractor, batcher = Blocks(), Batcher(BatchSizes(2))
    long, short = (Window(inputs={"x": np.zeros(n, np.float32)}) for n in (800, 400))
    assert batcher.add(extractor, WindowId(0, 0), long) is None
    assert batcher.add(extractor, WindowId(0, 1), short) is None
    batch = batcher.add(extractor, WindowId(1, 0), long)
    assert [i.job for i in batch.ids] == [0, 1]
    assert [len(b.windows) for b in batcher.flush()] == [1]


def window(size=800):
    return Window(inputs={"x": np.zeros(size, np.float32)})


def test_batch_that_was_too_large_halves_those_to_come():
    """The limit is remembered for the extractor, whatever it was before."""
    extractor, sizes = Blocks(), BatchSizes()
    batcher = Batcher(sizes)
    assert sizes.limit(extractor) == 4
    assert sizes.halve(extractor, 4) == 2
    assert batcher.add(extractor, WindowId(0, 0), window()) is None
    assert len(batcher.add(extractor, WindowId(0, 1), window()).windows) == 2
    assert sizes.halve(extractor, 1) == 0
    assert Batcher(sizes).add(extractor, WindowId(0, 0), window()) is not None


def num_batches_until(sizes, extractor, limit):
    batcher = Batcher(sizes)
    for count in range(1, 1000):
        while batcher.add(extractor, WindowId(0, 0), window()) is None:
            pass
        if sizes.limit(extractor) == limit:
            return count
    raise AssertionError


def test_batches_grow_back_where_many_have_fitted():
    """To the size of the extractor and no further; each time that it fails, it is tried half as often."""
    extractor, sizes = Blocks(), BatchSizes()
    sizes.halve(extractor, 4)
    sizes.halve(extractor, 2)
    once = num_batches_until(sizes, extractor, 2)
    assert once >= 16
    num_batches_until(sizes, extractor, 4)
    batcher = Batcher(sizes)
    for _ in range(100):
        batcher.add(extractor, WindowId(0, 0), window())
    assert sizes.limit(extractor) == 4
    sizes.halve(extractor, 4)
    assert num_batches_until(sizes, extractor, 4) == 2 * once


def test_gpu_gets_batches_of_its_own_size_unless_told_otherwise():
    """`batch_size` of the user comes first."""
    assert BatchSizes(on_gpu=True).limit(Blocks()) == Blocks.gpu_batch_size
    assert BatchSizes(3, on_gpu=True).limit(Blocks()) == 3


def test_batch_of_large_windows_is_full_before_it_has_many(monkeypatch):
    """Frames of 1080p would take gigabytes of the host."""
    monkeypatch.setattr(batching, "_FULL_BYTES", 3 * 3200)
    extractor, batcher = Blocks(), Batcher(BatchSizes(100))
    assert batcher.add(extractor, WindowId(0, 0), window()) is None
    assert batcher.add(extractor, WindowId(0, 1), window()) is None
    assert len(batcher.add(extractor, WindowId(0, 2), window()).windows) == 3
    assert batcher.add(extractor, WindowId(0, 3), window()) is None


def test_identity_is_asked_for_once(monkeypatch):
    """It is JSON of all options, and windows come by the thousand."""
    asked = []
    monkeypatch.setattr(Blocks, "identity", lambda self: asked.append(self) or "blocks")
    extractor, batcher = Blocks(), Batcher(BatchSizes(2))
    for index in range(6):
        batcher.add(extractor, WindowId(0, index), window())
    assert asked == [extractor]
