"""Synchformer's audio tower."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets.synchformer import Synchformer
from support.synchformer_networks import SMALL, small_network


@pytest.fixture
def net() -> Synchformer:
    return small_network()


@torch.no_grad()
def test_features_are_in_order_of_time(net: Synchformer) -> None:
    """One for each column of patches: what changes in the last frames changes the last feature most."""
    mel = torch.randn(1, 36, 46, generator=torch.Generator().manual_seed(1))
    features = net.audio_features(mel)
    assert features.shape == (1, SMALL.audio_grid[1], SMALL.dim)
    late = mel.clone()
    late[..., 40:] += 3
    change = (net.audio_features(late) - features).norm(dim=-1)[0]
    assert int(change.argmax()) == SMALL.audio_grid[1] - 1


@torch.no_grad()
def test_every_band_is_read(net: Synchformer) -> None:
    """The patches reach from the lowest to the highest band."""
    mel = torch.randn(1, 36, 46, generator=torch.Generator().manual_seed(1))
    features = net.audio_features(mel)
    for band in (0, 18, 35):
        other = mel.clone()
        other[:, band] += 3
        assert (net.audio_features(other) - features).abs().max() > 1e-4
