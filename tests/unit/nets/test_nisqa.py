"""NISQA's network: keys, segments, batches."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets import nisqa
from avmeter.nets.nisqa import Nisqa
from avmeter.weights.dummy import fill_network
from support.checkpoints import published_keys, unread_keys


@pytest.fixture(scope="module")
def net() -> Nisqa:
    net = nisqa.build()
    fill_network(net, nisqa.KEY_MAP.official)
    return net


def test_every_official_key_is_read() -> None:
    """100 tensors, and none is left over."""
    official = published_keys("nisqa")
    assert len(official) == 100
    net = nisqa.build(device="meta")
    assert not unread_keys(nisqa.KEY_MAP, net, official)
    nisqa.KEY_MAP.load(net, official, source="nisqa.keys.json")


@pytest.mark.parametrize(("frames", "count"), [(15, 1), (18, 1), (19, 2), (5211, 1300)])
def test_a_segment_begins_every_four_frames(frames: int, count: int) -> None:
    """15 frames each, whole ones only, as they are in the spectrogram."""
    mel = torch.arange(frames, dtype=torch.float32).expand(1, 48, -1)
    cut = nisqa.segments(mel)
    assert cut.shape == (1, count, 48, 15)
    assert cut[0, -1, 0].tolist() == list(range(4 * count - 4, 4 * count + 11))


@torch.no_grad()
def test_opinions_do_not_depend_on_the_rest_of_the_batch(net: Nisqa) -> None:
    """A clip gives the same alone and in company."""
    mel = 20 * torch.randn(3, 48, 31, generator=torch.Generator().manual_seed(1)) - 40
    opinions = net(mel)
    assert opinions.shape == (3, 5)
    for i in range(3):
        torch.testing.assert_close(net(mel[i : i + 1])[0], opinions[i], rtol=0, atol=1e-5)
