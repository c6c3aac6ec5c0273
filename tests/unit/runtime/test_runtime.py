"""The value that extractors are passed: batches on the device, and networks that are shared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import UnknownNameError
from avmeter.runtime import Precision, Runtime

WEIGHTS: Any = object()


def runtime(precision: str = "float32", device: str = "cpu") -> Runtime:
    return Runtime(device=torch.device(device), precision=precision, weights=WEIGHTS)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8, np.bool_])
def test_arrays_are_stacked_in_order_in_their_own_type(dtype: type) -> None:
    """The leading axis is the batch; nothing is converted."""
    arrays = [np.full((2, 3), i, dtype) for i in range(4)]
    batch = runtime().stack(arrays)
    assert batch.device.type == "cpu"
    np.testing.assert_array_equal(batch.numpy(), np.stack(arrays))
    assert batch.numpy().dtype == dtype


def test_batch_is_a_copy() -> None:
    """An array that is written over afterwards, as buffers of decoders are, does not change the batch."""
    array = np.zeros(3, np.float32)
    batch = runtime().stack([array])
    array[:] = 1
    assert not batch.any()


def test_network_is_built_once_for_equal_keys() -> None:
    """Extractors with the same network share it, others do not."""
    on = runtime()
    built: list[str] = []

    def build(name: str) -> object:
        built.append(name)
        return object()

    first = on.network(("clap", "large"), lambda: build("large"))
    assert on.network(("clap", "large"), lambda: build("large")) is first
    assert on.network(("clap", "small"), lambda: build("small")) is not first
    assert built == ["large", "small"]


def test_network_that_cannot_be_built_is_tried_again() -> None:
    """A failure is nobody's network."""
    on = runtime()
    with pytest.raises(ZeroDivisionError):
        on.network("a", lambda: 1 // 0)
    assert on.network("a", lambda: 5) == 5


def test_unload_drops_every_network() -> None:
    """The next use builds anew."""
    on = runtime()
    first = on.network("a", object)
    on.unload()
    assert on.networks == {}
    assert on.network("a", object) is not first


def test_precision_is_parsed_at_birth() -> None:
    """A name or a `Precision`; an unknown one is refused before anything is loaded."""
    assert runtime("bf16").precision is Precision.BF16
    assert runtime(Precision.TF32).precision is Precision.TF32
    with pytest.raises(UnknownNameError, match="float61"):
        runtime("float61")


def test_types_are_those_of_its_precision_and_device() -> None:
    """What `Precision` says, for this device."""
    assert (runtime("fp16").half_dtype, runtime("fp16").attention_dtype) == (torch.float16, None)
    assert (runtime("tf32").half_dtype, runtime("tf32").attention_dtype) == (None, None)
    assert runtime("tf32", "cuda").attention_dtype == torch.float16
