"""Uploads through pinned memory give the tensors that went in, whatever their number and size."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avmeter.runtime import pinned_upload
from avmeter.runtime.pinned_upload import PinnedUpload
from support import require

pytestmark = require.needs("gpu", torch.cuda.is_available(), "no GPU that torch can use")


@pytest.fixture
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buffers of 4 KiB, all of them filled by several threads."""
    monkeypatch.setattr(pinned_upload, "_BUFFER_BYTES", 4096)
    monkeypatch.setattr(pinned_upload, "_SHARED_FROM_BYTES", 1)


@pytest.mark.usefixtures("small_buffers")
@pytest.mark.parametrize(
    ("num_rows", "shape"),
    [(1, (3,)), (7, (5, 2)), (1000, (3,)), (33, (100,)), (3, (5000,)), (2, ())],
    ids=["one", "few", "many", "several buffers", "rows beyond a buffer", "scalars"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int64, np.bool_])
def test_batch_on_the_gpu_equals_the_rows(num_rows: int, shape: tuple[int, ...], dtype: type) -> None:
    """Buffers are used again only once they have been copied."""
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, 2 if dtype is np.bool_ else 100, shape).astype(dtype) for _ in range(num_rows)]
    batch = PinnedUpload(torch.device("cuda")).upload(rows)
    assert batch.device.type == "cuda"
    np.testing.assert_array_equal(batch.cpu().numpy(), np.stack(rows))


@pytest.mark.usefixtures("small_buffers")
def test_uploads_one_after_another_do_not_overwrite_each_other() -> None:
    """Twenty batches in flight through four buffers."""
    upload = PinnedUpload(torch.device("cuda"))
    batches = [upload.upload([np.full(1000, i, np.float32)]) for i in range(20)]
    assert all(bool((batch == i).all()) for i, batch in enumerate(batches))


def test_arrays_in_pinned_memory_are_copied_from_where_they_lie() -> None:
    """Alone, and in a batch with others; after `close` the memory may be pinned again."""
    memory = np.arange(1 << 20, dtype=np.uint8)
    rows = [memory[start : start + 5000].view(np.float32) for start in (0, 8000, 400_000)]
    for _ in range(2):
        upload = PinnedUpload(torch.device("cuda"))
        upload.pin(memory)
        assert [upload._is_pinned(row) for row in (*rows, rows[0].copy())] == [True, True, True, False]
        for batch in (rows, [*rows, np.ones(1250, np.float32)]):
            np.testing.assert_array_equal(
                upload.upload(batch).cpu().numpy().view(np.int32), np.stack(batch).view(np.int32)
            )
        upload.close()
