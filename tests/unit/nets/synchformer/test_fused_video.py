"""Synchformer's video tower over fused kernels against the tower as it is written."""

from __future__ import annotations

from contextlib import nullcontext
from copy import deepcopy

import pytest
import torch

from avmeter.nets import synchformer
from avmeter.nets.fused import OperandRangeError
from avmeter.nets.synchformer import Synchformer, SynchformerConfig
from support.triton_kernels import DEVICE, DTYPES, error, filled, normal, rounding

CONFIG = SynchformerConfig(
    parts=("video",), dim=32, num_heads=2, mlp_ratio=2, depth=2, num_frames=4, image_size=32, patch_size=16
)


@pytest.fixture
def net() -> Synchformer:
    network: Synchformer = filled(synchformer.build(CONFIG), scale=0.2)
    return network


@torch.no_grad()
def test_tower_over_float32_differs_by_the_rounding_of_operands(net: Synchformer) -> None:
    """As beside TF32: features stay float32."""
    pixels = normal(2, 4, 3, 32, 32)
    exact = net.video_features(pixels)
    net.fuse(torch.float16)
    features = net.video_features(pixels)
    assert features.dtype == torch.float32
    assert 0 < error(features, exact) < 1.5 * rounding(torch.float16)


@pytest.mark.parametrize("dtype", DTYPES)
@torch.no_grad()
def test_tower_in_half_precision_is_as_exact_as_the_plain_one(net: Synchformer, dtype: torch.dtype) -> None:
    """Against float32, its error is no larger than that of the plain tower in the same type, but for chance."""
    pixels = normal(2, 4, 3, 32, 32)
    exact = net.video_features(pixels)
    plain = deepcopy(net).to(dtype)
    fused = deepcopy(plain)
    fused.fuse(dtype)
    assert error(fused.video_features(pixels.to(dtype)), exact) < 1.3 * error(
        plain.video_features(pixels.to(dtype)), exact
    )


@torch.no_grad()
def test_segments_do_not_depend_on_those_before(net: Synchformer) -> None:
    """What all batches have in common is not written to, not even by a batch of one segment."""
    net.fuse(torch.float16)
    pixels = normal(2, 4, 3, 32, 32)
    before = net.video_features(pixels)
    single = net.video_features(pixels[1:])
    assert error(single, before[1:]) < rounding(torch.float16)
    assert torch.equal(net.video_features(pixels), before)


@torch.no_grad()
def test_tower_that_might_overflow_stays_as_it_is_written(net: Synchformer) -> None:
    """A refused tower computes what it did before."""
    net.video.blocks[1].attn.qkv.weight.mul_(1e6)
    with pytest.raises(OperandRangeError):
        net.fuse(torch.float16)
    assert net.fused_video is None


@torch.no_grad()
def test_kernels_run_on_the_device_of_the_pixels(net: Synchformer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Triton would run them on the current device, which is not that of a worker on the second card."""
    net.fuse(torch.float16)
    devices = []
    monkeypatch.setattr(torch.cuda, "device_of", lambda x: devices.append(x.device) or nullcontext())
    net.video_features(normal(1, 4, 3, 32, 32))
    assert {d.type for d in devices} == {DEVICE.type}


@torch.no_grad()
def test_kernel_that_fails_is_known_when_the_tower_is_fused(net: Synchformer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried on zeros, before any clip depends on it; the tower stays as it is written."""

    def fail(qkv: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("out of resource: shared memory")

    monkeypatch.setattr("avmeter.nets.synchformer.fused_video.attend_times", fail)
    with pytest.raises(RuntimeError, match="shared memory"):
        net.fuse(torch.float16)
    assert net.fused_video is None
