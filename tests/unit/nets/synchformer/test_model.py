"""The three parts of Synchformer together: batches, precision, parts."""

from __future__ import annotations

import pytest
import torch

from avmeter.nets import synchformer
from avmeter.nets.synchformer import OFFSET_GRID_S, Synchformer, SynchformerConfig
from support.synchformer_networks import SMALL, small_network


@pytest.fixture
def net() -> Synchformer:
    return small_network()


@torch.no_grad()
def test_features_do_not_depend_on_the_rest_of_the_batch(net: Synchformer) -> None:
    """A segment has the same features alone and among others, and so has a comparison."""
    pixels, mel = torch.randn(3, 8, 3, 32, 32), torch.randn(3, 36, 46)
    video, audio = net.video_features(pixels), net.audio_features(mel)
    assert video.shape == (3, 4, 32)
    assert audio.shape == (3, 4, 32)
    torch.testing.assert_close(net.video_features(pixels[1:2]), video[1:2])
    torch.testing.assert_close(net.audio_features(mel[1:2]), audio[1:2])
    clips = torch.randn(2, 3, 4, 32), torch.randn(2, 3, 4, 32)
    logits = net.compare(*clips)
    assert logits.shape == (2, 5)
    torch.testing.assert_close(net.compare(clips[0][1:], clips[1][1:]), logits[1:])


@torch.no_grad()
def test_half_precision_stays_near_float32(net: Synchformer) -> None:
    """Weights in bfloat16 give finite features of about the same value."""
    pixels = torch.randn(2, 8, 3, 32, 32)
    exact = net.video_features(pixels)
    rough = net.to(torch.bfloat16).video_features(pixels.bfloat16()).float()
    assert (rough - exact).norm() < 0.05 * exact.norm()


def test_part_that_was_not_built_takes_no_memory() -> None:
    """A network of one part holds the parameters of that part alone."""
    names = {name.split(".")[0] for name in synchformer.build(SynchformerConfig(parts=("audio",))).state_dict()}
    assert names == {"audio"}


def test_building_draws_no_random_numbers() -> None:
    """The global generator is where it was."""
    before = torch.get_rng_state()
    synchformer.build(SMALL)
    assert torch.equal(before, torch.get_rng_state())


def test_offset_grid_runs_from_minus_two_to_two_seconds() -> None:
    """21 classes, 0.2 s apart, symmetric about an exact zero."""
    assert pytest.approx(torch.linspace(-2, 2, 21).tolist(), abs=1e-6) == OFFSET_GRID_S
    assert OFFSET_GRID_S[10] == 0.0
