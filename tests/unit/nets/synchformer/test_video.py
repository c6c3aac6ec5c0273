"""Synchformer's video tower: grouping and precision change rounding only."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from avmeter.nets import synchformer
from avmeter.nets.synchformer import Synchformer, SynchformerConfig
from avmeter.nets.synchformer.video import num_time_groups
from support.synchformer_networks import SMALL, small_network


@pytest.fixture
def net() -> Synchformer:
    return small_network()


@torch.no_grad()
def test_features_do_not_depend_on_how_time_attention_is_grouped(net: Synchformer) -> None:
    """Places that share a sequence stay apart: one group, two, or a group for each of the four."""
    pixels = torch.randn(2, 8, 3, 32, 32)
    features = []
    for num_groups in (1, 2, 4):
        net.video.num_time_groups = num_groups
        for block in net.video.blocks:
            block.timeattn.num_groups = num_groups
        features.append(net.video_features(pixels))
    torch.testing.assert_close(features[1], features[0])
    torch.testing.assert_close(features[2], features[0])


@torch.no_grad()
def test_attention_in_half_precision_leaves_the_rest_in_float32(net: Synchformer) -> None:
    """`attention_dtype` changes features by rounding only, and not their type."""
    rough = synchformer.build(replace(SMALL, attention_dtype=torch.float16))
    rough.load_state_dict(net.state_dict())
    pixels = torch.randn(2, 8, 3, 32, 32)
    exact, features = net.video_features(pixels), rough.video_features(pixels)
    assert features.dtype == torch.float32
    assert 0 < (features - exact).norm() < 2e-3 * exact.norm()


def test_groups_are_as_few_as_leave_a_sequence_within_a_tile() -> None:
    """Of 196 places at 8 times, 7 share a sequence of 57 tokens; four places need no second group."""
    published = SynchformerConfig()
    num_times, num_places = published.video_grid
    groups = num_time_groups(published)
    assert (num_places // groups, 1 + num_times * num_places // groups) == (7, 57)
    assert num_time_groups(SMALL) == 1


@torch.no_grad()
def test_a_changed_frame_changes_the_features(net: Synchformer) -> None:
    """Every frame is read: no time and no place is masked away."""
    pixels = torch.randn(1, 8, 3, 32, 32)
    features = net.video_features(pixels)
    for frame in range(8):
        other = pixels.clone()
        other[:, frame, :, :16, 16:] += 1
        assert (net.video_features(other) - features).abs().max() > 1e-4
