"""The encoder of DAC-VAE."""

from __future__ import annotations

import copy

import torch

from support import require
from support.pe_av import CONFIG, part

require.package("transformers")


@torch.no_grad()
def test_nobody_in_a_batch_changes_another() -> None:
    """Waveforms one by one and together, in float64: float32 rounds by the size of a batch, and by the processor."""
    net = copy.deepcopy(part("codec")).double()
    batch = torch.randn(3, 1, 1920 * 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    alone = torch.cat([net(row[None]) for row in batch])
    torch.testing.assert_close(net(batch), alone, rtol=0, atol=1e-11 * float(alone.abs().max()))


@torch.no_grad()
def test_there_is_one_vector_for_every_hop() -> None:
    """25 a second at 48 kHz, in order of time."""
    net, hop = part("codec"), CONFIG.codec.hop_length
    waveform = torch.randn(1, 1, 5 * hop, generator=torch.Generator().manual_seed(0))
    vectors = net(waveform)
    assert vectors.shape == (1, 5, CONFIG.codec.latent_dim)
    late = waveform.clone()
    late[..., -hop // 2 :] = 0
    change = (net(late) - vectors).norm(dim=-1)[0]
    assert int(change.argmin()) == 0
    assert int(change.argmax()) >= 3
