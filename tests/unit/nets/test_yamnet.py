"""YAMNet without its weights: loading, batching, what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import yamnet
from avmeter.weights.dummy import fill_network
from support.checkpoints import published_keys, unread_keys


@pytest.fixture(scope="module")
def net() -> yamnet.Yamnet:
    net = yamnet.build()
    fill_network(net, yamnet.KEY_MAP.official)
    return net


def test_official_checkpoint_loads_strictly() -> None:
    """Every official tensor has a place in the network, but for two counters of the training program."""
    official = published_keys("yamnet")
    yamnet.KEY_MAP.load(yamnet.build(device="meta"), official, source="keys.json")
    unread = unread_keys(yamnet.KEY_MAP, yamnet.build(device="meta"), official)
    assert unread == {"keras_api.metrics.0.count", "keras_api.metrics.0.total"}


@torch.no_grad()
def test_patch_has_the_same_outputs_alone_and_among_others(net: yamnet.Yamnet) -> None:
    """Embedding (B, 1024) and logits (B, 521) do not depend on the rest of the batch."""
    patches = torch.randn(3, 96, 64)
    embedding, logits = net(patches)
    assert embedding.shape == (3, 1024)
    assert logits.shape == (3, 521)
    torch.testing.assert_close(net(patches[1:2])[1], logits[1:2], rtol=1e-4, atol=1e-4)


def test_odd_row_and_column_of_a_stride_come_after_the_content(net: yamnet.Yamnet) -> None:
    """The first convolution pads at the end alone, as TensorFlow does: its first output reads three rows from row 0."""
    patch = torch.zeros(1, 1, 96, 64)
    patch[..., 0, 0] = 1
    with torch.no_grad():
        out = net.layers[0](patch)
    assert out.shape == (1, 32, 48, 32)
    torch.testing.assert_close(out[0, :, 0, 0], net.layers[0].weight[:, 0, 0, 0])


@pytest.mark.parametrize("shape", [(1, 95, 64), (1, 64, 96), (96, 64)])
def test_patch_of_another_size_is_refused(net: yamnet.Yamnet, shape: tuple[int, ...]) -> None:
    """Other frames, bands before frames, a missing axis."""
    with pytest.raises(UsageError, match="YAMNet reads patches"):
        net(torch.zeros(shape))
