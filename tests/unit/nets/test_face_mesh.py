"""The face mesh: loading, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import face_mesh
from avmeter.weights import WeightsSource
from support import require


def test_published_weights_load_strictly() -> None:
    """Every constant of the graph has a place in the network, but for sizes of paddings."""
    require.weights("face-mesh")
    net = face_mesh.build()
    face_mesh.KEY_MAP.load(net, WeightsSource().state_dict("face-mesh"), source="file")
    assert sum(value.numel() for value in net.state_dict().values()) == 604_685


@pytest.mark.parametrize("shape", [(1, 3, 128, 128), (1, 1, 192, 192), (3, 192, 192)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    """Another size, one colour, a missing axis."""
    with pytest.raises(UsageError, match="FaceMesh reads pictures"):
        face_mesh.build(device="meta")(torch.empty(shape, device="meta"))
