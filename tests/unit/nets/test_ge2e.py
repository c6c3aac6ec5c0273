"""The GE2E encoder at small size."""

from __future__ import annotations

import torch

from avmeter.nets import ge2e


def test_network_of_any_size_is_batch_independent() -> None:
    """Each row alone gives its row of the batch, of unit length and without negative numbers."""
    generator = torch.Generator().manual_seed(0)
    net = ge2e.build(ge2e.Ge2eConfig(num_mels=8, hidden=12, num_layers=2, embedding_dim=6))
    for value in net.parameters():
        value.data.copy_(0.3 * torch.randn(value.shape, generator=generator))
    mels = torch.rand(4, 20, 8, generator=generator)
    with torch.no_grad():
        together = net(mels)
        torch.testing.assert_close(torch.cat([net(m[None]) for m in mels]), together)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(4))
    assert (together >= 0).all()
