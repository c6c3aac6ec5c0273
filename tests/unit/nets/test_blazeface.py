"""BlazeFace: loading, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import blazeface
from avmeter.weights import WeightsSource
from support import require


def test_published_weights_load_strictly() -> None:
    """Every constant of the graph has a place in the network, but for sizes of paddings and reshapes."""
    require.weights("blazeface-short-range")
    state = WeightsSource().state_dict("blazeface-short-range")
    net = blazeface.build()
    blazeface.KEY_MAP.load(net, state, source="file")
    assert sum(value.numel() for value in net.state_dict().values()) == 101_390


@pytest.mark.parametrize("shape", [(1, 3, 64, 64), (1, 1, 128, 128), (3, 128, 128)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    """Another size, one colour, a missing axis."""
    with pytest.raises(UsageError, match="BlazeFace reads pictures"):
        blazeface.build(device="meta")(torch.empty(shape, device="meta"))
