"""MUSIQ without its weights: loading, patches, places, what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import musiq
from avmeter.nets.musiq import hashed_places, patches_of, same_padded, versions
from support.checkpoints import published_keys, unread_keys
from support.picture_networks import small_musiq


def test_official_checkpoint_loads_strictly() -> None:
    """Every official tensor has a place in the network."""
    official = published_keys("musiq")
    net = musiq.build(device="meta")
    musiq.KEY_MAP.load(net, official, source="keys.json")
    assert not unread_keys(musiq.KEY_MAP, net, official)


@torch.no_grad()
def test_picture_does_not_depend_on_the_rest_of_the_batch() -> None:
    """Alone and among others."""
    pixels = torch.rand(2, 3, 40, 70, generator=torch.Generator().manual_seed(0))
    net = small_musiq()
    torch.testing.assert_close(net(pixels[1:2]), net(pixels)[1:2])


def test_picture_is_read_at_three_sizes() -> None:
    """The longer side is 224, 384, and as it is; both sides rounded."""
    sizes = [tuple(image.shape[2:]) for image in versions(torch.zeros(1, 3, 90, 161))]
    assert sizes == [(125, 224), (215, 384), (90, 161)]


def test_patches_go_row_by_row_with_zeros_around() -> None:
    """The odd zero is at the bottom and on the right."""
    image = torch.ones(1, 3, 33, 64)
    patches, rows, columns = patches_of(image)
    assert (patches.shape, rows, columns) == ((1, 4, 3, 32, 32), 2, 2)
    assert patches[0, 0, 0, :16].sum() == patches.new_tensor(32.0)  # 15 rows of zeros above
    assert same_padded(torch.ones(1, 1, 4, 4), 3, 2)[0, 0].sum(0).tolist() == [4, 4, 4, 4, 0]


def test_places_are_those_of_the_nearest_cell() -> None:
    """Whatever the number of patches: the grid is spread over the picture."""
    assert hashed_places(1, 5, 10).tolist() == [0, 2, 4, 6, 8]
    assert hashed_places(2, 2, 10).tolist() == [0, 5, 50, 55]
    assert hashed_places(1, 20, 10).tolist() == [n // 2 for n in range(20)]


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (3, 64, 64), (1, 3, 0, 64)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    """One colour, a missing axis, no row."""
    with pytest.raises(UsageError, match="MUSIQ reads pixels"):
        small_musiq()(torch.empty(shape))
