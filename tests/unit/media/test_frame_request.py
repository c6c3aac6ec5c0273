"""Requests of frames."""

import numpy as np
import pytest
import torch

from avmeter.errors import UsageError
from avmeter.media import FrameRequest, Resize, resize_batch

NOISE = np.random.default_rng(0).integers(0, 256, (6, 60, 81, 3), np.uint8)


@pytest.mark.parametrize(
    "make",
    [
        lambda: FrameRequest(indices=(0,), crop="center_floor"),
        lambda: FrameRequest(indices=(-1,)),
        lambda: FrameRequest(indices=(0,), output="float16"),
        lambda: Resize(short_side=0),
        lambda: Resize(short_side=8, interpolation="nearest"),
    ],
)
def test_malformed_requests_are_refused_at_birth(make):
    """A request that makes no sense cannot be made."""
    with pytest.raises(UsageError):
        make()


def test_bytes_are_not_resized_in_batches():
    """What would not be what it says is refused."""
    with pytest.raises(UsageError, match="uint8"):
        resize_batch(torch.zeros(1, 40, 50, 3), Resize(short_side=32, in_="uint8"), "center_floor")
