"""I3D without its weights: loading, padding, what it refuses."""

from __future__ import annotations

import pytest
import torch

from avmeter.errors import UsageError
from avmeter.nets import i3d
from avmeter.weights.dummy import fill_network
from support.checkpoints import published_keys, unread_keys


def test_official_checkpoint_loads_strictly() -> None:
    """Every official tensor has a place in the network."""
    official = published_keys("i3d")
    i3d.KEY_MAP.load(i3d.build(device="meta"), official, source="keys.json")
    assert not unread_keys(i3d.KEY_MAP, i3d.build(device="meta"), official)


@pytest.mark.parametrize(
    ("length", "kernel", "stride", "before", "after"),
    [(224, 7, 2, 2, 3), (30, 7, 2, 2, 3), (15, 3, 2, 1, 1), (9, 3, 1, 1, 1)],
)
def test_odd_padding_is_at_the_end(length: int, kernel: int, stride: int, before: int, after: int) -> None:
    """As TensorFlow's "SAME": outputs are the length over the stride, rounded up."""
    padded = i3d._padded(torch.ones(1, 1, length, 1, 1), (kernel, 1, 1), (stride, 1, 1)).flatten()
    assert len(padded) == before + length + after
    assert not padded[:before].any()
    assert not padded[before + length :].any()


@pytest.mark.parametrize("shape", [(1, 3, 8, 224, 224), (1, 3, 10, 112, 112), (1, 10, 3, 224, 224), (3, 10, 224, 224)])
def test_clip_of_another_size_is_refused(shape: tuple[int, ...]) -> None:
    """Too few frames, other pixels, frames before channels, a missing axis."""
    with pytest.raises(UsageError, match="I3D reads clips"):
        i3d.build(device="meta")(torch.empty(shape, device="meta"))


@pytest.mark.parametrize("num_frames", [9, 16, 17, 112, 113, 119, 120, 300, 1000])
def test_cuts_have_every_step_once(num_frames: int) -> None:
    """None is longer than it may be, and all have the padding of the whole clip."""
    found = i3d.cuts(num_frames, max_steps=14)
    steps = [s + cut.frames.start // 8 for cut in found for s in range(cut.steps.start, cut.steps.stop)]
    assert steps == list(range(-(-num_frames // 8) - 1))
    assert all((len(cut.frames) - num_frames) % 8 == 0 for cut in found)
    assert all(-(-len(cut.frames) // 8) - 1 <= 14 for cut in found)
    assert found[-1].frames.stop == num_frames


@torch.no_grad()
@pytest.mark.parametrize("num_frames", [pytest.param(133, marks=pytest.mark.endurance), 136])
def test_steps_of_cuts_are_those_of_the_whole_clip(num_frames: int) -> None:
    """Of an odd and of an even number of frames: nothing beyond the reach changes a step."""
    body = i3d.build().body
    fill_network(body, lambda own: i3d.KEY_MAP.official(f"body.{own}"))
    clip = torch.rand(1, 3, num_frames, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    whole = body(clip)
    for cut in i3d.cuts(num_frames, max_steps=13):
        found = body(clip[:, :, cut.frames.start : cut.frames.stop])[:, :, cut.steps]
        start = cut.frames.start // 8 + cut.steps.start
        torch.testing.assert_close(found, whole[:, :, start : start + found.shape[2]], rtol=1e-4, atol=1e-5)
