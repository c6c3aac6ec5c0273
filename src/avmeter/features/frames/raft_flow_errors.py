"""Optical flow of each pair of frames of a generated clip against that of its reference, both of RAFT.

The numbers are those of `avmeter.stats.optical_flow`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.frame_stream import Frame, FrameConsumer
from avmeter.features.frames.base import RAFT_MIN_SIDE, RaftNetwork, SharedFrames, check_side
from avmeter.media import MediaItem
from avmeter.registry import register_extractor
from avmeter.runtime.device import num_cores
from avmeter.stats.optical_flow import FLOW_NUMBERS, FlowMask, compare_flows


@register_extractor("raft_flow_errors")
class RaftFlowErrors(RaftNetwork):
    """An array (T - 1,) float64 for each name of `FLOW_NUMBERS`; facts are the numbers of frames.

    Args:
        min_mag: Pixels that move by less on both sides are left out.
        max_mag_pct: Pixels that move by more than this percentile are left out.
        grid_size: Rows and columns of cells.
    """

    num_clips = 2
    option_names = ("min_mag", "max_mag_pct", "grid_size")

    def __init__(self, *, min_mag: float = 0.5, max_mag_pct: float = 80.0, grid_size: int = 8) -> None:
        self.min_mag = min_mag
        self.max_mag_pct = max_mag_pct
        self.grid_size = grid_size

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        return _Pairs(*clips, grid_size=self.grid_size)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        before, after = (torch.cat((batch[f"generated_{w}"], batch[f"reference_{w}"])) for w in ("before", "after"))
        flow, border = self.flow(before, after)
        generated, reference = border.removed(flow).permute(0, 2, 3, 1).chunk(2)
        return {"generated": generated, "reference": reference}

    def collect(self, outputs: Mapping[str, Tensor]) -> list[dict[str, Any]]:
        """Compare the flows, which are too large to be carried further.

        At 832x480 a comparison takes a core 0.1 s, which is little beside RAFT on a CPU (34 s of a core) and much
        beside RAFT on a GPU: hence the threads.
        """
        mask = FlowMask(min_mag=self.min_mag, max_mag_pct=self.max_mag_pct)
        pairs = super().collect(outputs)
        with ThreadPoolExecutor(min(len(pairs), num_cores()), "flow-errors") as threads:
            return list(threads.map(lambda flows: compare_flows(**flows, mask=mask, grid_size=self.grid_size), pairs))

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={name: np.array([o[name] for o in outputs]) for name in FLOW_NUMBERS}, facts=facts)


class _Pairs(FrameConsumer):
    """A window for each two frames of either clip."""

    def __init__(self, generated: MediaItem, reference: MediaItem, *, grid_size: int) -> None:
        shared = SharedFrames(generated, reference)
        check_side(generated, max(RAFT_MIN_SIDE, grid_size), reader="RAFT")
        if shared.facts["num_frames"] < 2:
            raise SkipError(SkipCode.TOO_SHORT, f"{generated.name}: 1 frame in common; optical flow needs 2")
        self.ranges = shared.ranges
        self._facts = shared.facts
        self._before: tuple[Frame | None, ...] | None = None

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        before, self._before = self._before, frames
        if before is None:
            return ()
        pairs = {"before": before, "after": frames}
        inputs = {
            f"{role}_{w}": pair[i] for w, pair in pairs.items() for i, role in enumerate(("generated", "reference"))
        }
        return (Window(inputs={name: frame for name, frame in inputs.items() if frame is not None}),)

    def finish(self) -> Mapping[str, Any]:
        return self._facts
