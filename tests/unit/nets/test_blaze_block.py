"""The block of networks of faces."""

from __future__ import annotations

import torch
from torch import nn

from avmeter.nets.blaze_block import BlazeBlock


@torch.no_grad()
def test_what_came_in_is_added_at_half_the_size_and_with_new_channels_of_zeros() -> None:
    """With kernels of zeros only the maximum of every 2 x 2 goes through."""
    block = BlazeBlock(1, 3, halves=True, activation=nn.Identity())
    for value in block.parameters():
        value.zero_()
    found = block(torch.arange(16.0).view(1, 1, 4, 4))
    assert found[0, 0].tolist() == [[5, 7], [13, 15]]
    assert found[0, 1:].count_nonzero() == 0


@torch.no_grad()
def test_where_the_size_is_halved_padding_comes_after_the_content() -> None:
    """A kernel of ones sums 3 x 3 from each even place on."""
    block = BlazeBlock(1, 1, halves=True, activation=nn.Identity())
    for value in block.parameters():
        value.fill_(1.0 if value.ndim == 4 else 0.0)
    found = block(torch.ones(1, 1, 4, 4)) - 1
    assert found[0, 0].tolist() == [[9, 6], [6, 4]]
