"""Cnn14 at small size: loading, buffers, batching, what it refuses."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from avmeter.errors import UsageError
from avmeter.nets import panns
from avmeter.nets.panns import Cnn14, Cnn14Config
from support.checkpoints import published_keys, unread_keys

SMALL = Cnn14Config(num_mels=16, channels=(4, 6, 8), num_classes=5)


@pytest.fixture(scope="module")
def official() -> dict[str, Tensor]:
    return published_keys("panns")


@pytest.fixture(scope="module")
def net() -> Cnn14:
    net = panns.build(SMALL)
    generator = torch.Generator().manual_seed(0)
    for value in net.parameters():
        scale = 0.5 if value.dim() > 1 else 1.0
        value.data.copy_(scale * torch.randn(value.shape, generator=generator))
    return net


def load_on_meta(official: dict[str, Tensor]) -> None:
    panns.KEY_MAP.load(panns.build(device="meta"), official, source="keys.json")


def test_official_checkpoint_loads_strictly(official: dict[str, Tensor]) -> None:
    """Every official key has a place in the network or belongs to the stored front end."""
    load_on_meta(official)
    assert unread_keys(panns.KEY_MAP, panns.build(device="meta"), official) == {
        "logmel_extractor.melW",
        "spectrogram_extractor.stft.conv_imag.weight",
        "spectrogram_extractor.stft.conv_real.weight",
    }


@torch.no_grad()
def test_output_does_not_depend_on_the_rest_of_the_batch(net: Cnn14) -> None:
    """A sound has the same logits and embedding alone and among others."""
    logmel = torch.tensor([1.0, 2.0, 4.0])[:, None, None, None] * torch.randn(3, 1, 16, 50)
    together = net(logmel)
    assert together.logits.shape == (3, 5)
    assert together.embedding.shape == (3, 8)
    assert (together.embedding.std(dim=0) > 0.1).any()
    alone = net(logmel[1:2])
    torch.testing.assert_close(alone.logits, together.logits[1:2])
    torch.testing.assert_close(alone.embedding, together.embedding[1:2])


@torch.no_grad()
def test_batch_norm_in_front_works_per_band() -> None:
    """Each band has its own mean, bands keep their order, and time comes before frequency behind it."""
    net = panns.build(SMALL)
    torch.nn.init.ones_(net.bn0.weight)
    torch.nn.init.zeros_(net.bn0.bias)
    net.bn0.running_mean.copy_(torch.arange(16.0))
    logmel = 3 * torch.arange(16.0)[None, None, :, None].expand(2, 1, 16, 40)
    expected = 2 * torch.arange(16.0).expand(2, 1, 40, 16)
    torch.testing.assert_close(net.normalised(logmel), expected, rtol=1e-4, atol=0)


@torch.no_grad()
def test_shortest_sound_has_one_frame_left(net: Cnn14) -> None:
    """Two halvings of four frames leave one; of three, none."""
    assert net(torch.randn(1, 1, 16, 4)).logits.isfinite().all()
    with pytest.raises(UsageError, match="4 or more"):
        net(torch.randn(1, 1, 16, 3))


@pytest.mark.parametrize("shape", [(1, 1, 15, 50), (1, 16, 50), (1, 2, 16, 50), (1, 1, 50, 16)])
def test_spectrogram_of_another_size_is_refused(net: Cnn14, shape: tuple[int, ...]) -> None:
    """Other bands, no channel axis, time before frequency."""
    with pytest.raises(UsageError, match="Cnn14 reads"):
        net(torch.zeros(shape))
