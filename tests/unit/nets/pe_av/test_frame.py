"""The vision transformer of single frames."""

from __future__ import annotations

import torch

from support import require
from support.pe_av import CONFIG, part

require.package("transformers")


@torch.no_grad()
def test_nobody_in_a_batch_changes_another() -> None:
    """Frames one by one and together."""
    net, batch = part("frame"), torch.randn(5, 3, 56, 56, generator=torch.Generator().manual_seed(0))
    alone = torch.cat([net(row[None]) for row in batch])
    torch.testing.assert_close(net(batch), alone, rtol=0, atol=1e-5 * float(alone.abs().max()))


@torch.no_grad()
def test_place_of_a_patch_counts() -> None:
    """A frame and its mirror image have different vectors: positions reach the attention."""
    net, pixels = part("frame"), torch.randn(1, 3, 56, 56, generator=torch.Generator().manual_seed(0))
    vector = net(pixels)
    assert vector.shape == (1, CONFIG.frame.output_dim)
    for axis in (2, 3):
        assert (net(pixels.flip(axis)) - vector).abs().max() > 1e-4
