"""RAFT's flow of two clips."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from avmeter.errors import SkipCode, SkipError
from avmeter.features.frames import base
from avmeter.features.frames.raft_flow_errors import RaftFlowErrors
from avmeter.media import MediaItem
from avmeter.stats.optical_flow import compare_flows
from golden.scenes import scene
from support.extractors import extract
from support.flow_networks import flow_runtime


def clips(num: int, other: int, *, late: int = 0) -> Any:
    return [
        MediaItem.from_frames(scene(n, height=124, width=130, late=by), 10.0) for n, by in ((num, late), (other, 0))
    ]


class OfPair(RaftFlowErrors):
    """`extract` asks for the facts of one clip."""

    def facts(self, media: Any) -> Any:
        return self.consumer(*media).finish()


def test_frames_in_common_are_compared_at_their_own_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips that are equal differ by nothing, others by something; what is longer is cut."""
    monkeypatch.setattr(base, "RAFT_ITERATIONS", 1)
    runtime = flow_runtime()
    equal = extract(OfPair(), clips(3, 2), runtime)
    assert equal["pixel_epe_mean"].tolist() == [0.0]
    assert equal.facts == {"num_frames": 2, "num_generated_frames": 3, "num_reference_frames": 2}
    assert extract(OfPair(), clips(2, 2, late=2), runtime)["pixel_epe_mean"][0] > 0
    assert np.isclose(equal["mf_cosine"], 1)


def test_pairs_of_a_batch_are_compared_each_on_its_own_and_in_order() -> None:
    """Side by side, with the numbers of one after the other."""
    flows = torch.randn(6, 40, 48, 2, generator=torch.Generator().manual_seed(0)) * torch.arange(1, 7).view(6, 1, 1, 1)
    outputs = {"generated": flows, "reference": flows.flip(1)}
    expected = [compare_flows(generated=flow.numpy(), reference=flow.flip(0).numpy()) for flow in flows]
    assert RaftFlowErrors().collect(outputs) == expected


def test_frames_too_few_or_too_small_are_a_named_skip() -> None:
    """With how many or how large."""
    small = [MediaItem.from_frames(scene(2, height=118), 10.0)] * 2
    for media, reason in ((clips(3, 1), "1 frame"), (small, "163x118")):
        with pytest.raises(SkipError, match=reason) as caught:
            RaftFlowErrors().consumer(*media)
        assert caught.value.code is SkipCode.TOO_SHORT
