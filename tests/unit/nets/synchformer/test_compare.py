"""Synchformer's comparison of two feature sequences."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets.synchformer import Synchformer
from support.synchformer_networks import SMALL, small_network


@pytest.fixture
def net() -> Synchformer:
    return small_network()


@torch.no_grad()
def test_order_of_segments_and_sides_count(net: Synchformer) -> None:
    """Logits change when segments change places, and when sound and video do."""
    generator = torch.Generator().manual_seed(1)
    video, audio = (torch.randn(1, 3, 4, 32, generator=generator) for _ in range(2))
    logits = net.compare(video, audio)
    assert logits.shape == (1, SMALL.num_offsets)
    for other in (net.compare(video.flip(1), audio), net.compare(video, audio.flip(1)), net.compare(audio, video)):
        assert (other - logits).abs().max() > 1e-4


@torch.no_grad()
def test_another_number_of_segments_is_refused(net: Synchformer) -> None:
    """Positions are learned for one length."""
    with pytest.raises(RuntimeError):
        net.compare(torch.randn(1, 2, 4, 32), torch.randn(1, 2, 4, 32))
