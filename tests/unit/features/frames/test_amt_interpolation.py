"""Interpolated frames against those that were left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from avmeter.errors import SkipCode, SkipError
from avmeter.features.frames.amt_interpolation import AmtInterpolation
from avmeter.media import MediaItem
from support.extractors import cpu_runtime, extract
from support.media import numbered


class Mean(torch.nn.Module):
    """In the place of the network: the mean of both frames."""

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        assert before.shape[2] % 16 == before.shape[3] % 16 == 0
        return (before + after) / 2


def errors(frames: np.ndarray) -> Any:
    runtime = cpu_runtime(weights="dummy")
    runtime.networks["amt_interpolation", "amt-s"] = Mean()
    return extract(WithFacts(), MediaItem.from_frames(frames, 10.0), runtime)


class WithFacts(AmtInterpolation):
    """`extract` asks for the facts of a clip."""

    def facts(self, media: Any) -> Any:
        return self.consumer(media).finish()


@pytest.mark.parametrize("num", [3, 4, 5])
def test_every_second_frame_is_compared_with_what_its_neighbours_make_of_it(num: int) -> None:
    """A last frame of even number has no neighbour behind it."""
    frames = numbered(num, 120, 130)
    frames[1] += 6
    found = errors(frames)
    assert found["mae"].tolist() == [6.0, 0.0][: (num - 1) // 2]
    assert found.facts == {"num_frames": num}


def test_interpolated_values_are_truncated_to_bytes() -> None:
    """Half a step is none, whatever the frames were given in."""
    frames = np.zeros((3, 113, 128, 3), np.uint8)
    frames[2] = 5
    for given in (frames, frames.astype(np.float32) / np.float32(255) + np.float32(1e-4)):
        assert errors(given)["mae"].tolist() == [2.0]


def test_frames_too_few_or_too_small_are_a_named_skip() -> None:
    """With how many or how large."""
    for frames, reason in ((numbered(2, 128, 128), "2 frames"), (numbered(3, 112, 128), "128x112")):
        with pytest.raises(SkipError, match=reason) as caught:
            AmtInterpolation().consumer(MediaItem.from_frames(frames, 10.0))
        assert caught.value.code is SkipCode.TOO_SHORT
