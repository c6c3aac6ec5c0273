"""VGGish at small size: loading, batching, what it refuses."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from avmeter.errors import UsageError
from avmeter.nets import vggish
from avmeter.nets.vggish import Vggish, VggishConfig
from support.checkpoints import published_keys, unread_keys

SMALL = VggishConfig(num_frames=12, num_mels=8, channels=((3,), (4, 5)), hidden=10, embedding_dim=6)


@pytest.fixture(scope="module")
def official() -> dict[str, Tensor]:
    return published_keys("vggish")


@pytest.fixture(scope="module")
def net() -> Vggish:
    net = vggish.build(SMALL)
    generator = torch.Generator().manual_seed(0)
    for value in net.state_dict().values():
        value.copy_(0.3 * torch.randn(value.shape, generator=generator))
    return net


def load_on_meta(official: dict[str, Tensor]) -> None:
    vggish.KEY_MAP.load(vggish.build(device="meta"), official, source="keys.json")


def test_official_checkpoint_loads_strictly(official: dict[str, Tensor]) -> None:
    """Every official key has a place in the network."""
    load_on_meta(official)
    assert not unread_keys(vggish.KEY_MAP, vggish.build(device="meta"), official)


def test_checkpoint_with_the_unused_pca_loads(official: dict[str, Tensor]) -> None:
    """Copies that carry the PCA are the same network."""
    pca = {"pproc.pca_eigen_vectors": torch.empty(128, 128), "pproc.pca_means": torch.empty(128, 1)}
    load_on_meta(official | pca)
    assert unread_keys(vggish.KEY_MAP, vggish.build(device="meta"), official | pca) == pca.keys()


@torch.no_grad()
def test_embedding_does_not_depend_on_the_rest_of_the_batch(net: Vggish) -> None:
    """An example has the same embedding alone and among others."""
    examples = torch.randn(3, 12, 8)
    together = net(examples)
    assert together.shape == (3, 6)
    torch.testing.assert_close(net(examples[1:2]), together[1:2])


@torch.no_grad()
def test_embedding_may_be_negative(net: Vggish) -> None:
    """No ReLU follows the last layer."""
    assert (net(torch.randn(20, 12, 8)) < 0).any()


@torch.no_grad()
def test_input_is_left_as_it_was(net: Vggish) -> None:
    """Layers that work in place never reach the examples."""
    examples = torch.randn(2, 12, 8)
    before = examples.clone()
    net(examples)
    assert torch.equal(examples, before)


@pytest.mark.parametrize("shape", [(1, 11, 8), (1, 8, 12), (12, 8), (1, 1, 12, 8)])
def test_example_of_another_size_is_refused(net: Vggish, shape: tuple[int, ...]) -> None:
    """Other frames or bands, bands before frames, a missing or an extra axis."""
    with pytest.raises(UsageError, match="VGGish reads examples"):
        net(torch.zeros(shape))
