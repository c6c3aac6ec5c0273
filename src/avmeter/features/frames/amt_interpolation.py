"""How far every second frame of a clip is from what AMT-S makes of its neighbours, in steps of 8 bits.

Source: FastVideo, `eval/metrics/vbench/motion_smoothness/metric.py`; VBench, `vbench/motion_smoothness.py`. Sides
become multiples of 16 by repeated pixels, and the interpolated frame is truncated to bytes.

Differs from both on a GPU, where they reduce large frames by what memory there is: here they are read in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.frame_network import FrameNetwork
from avmeter.features.frame_stream import Frame, FrameConsumer, as_bytes
from avmeter.features.frames.base import as_pictures, check_side
from avmeter.media import MediaItem
from avmeter.nets import amt
from avmeter.nets.border import Border
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

_MIN_SIDE = amt.SMALLEST - amt.MULTIPLE + 1


@register_extractor("amt_interpolation")
class AmtInterpolation(FrameNetwork):
    """Array `mae` (N,) float64, from 0 to 255, of the frames that have a neighbour on both sides; fact `num_frames`."""

    needs_rate = False
    entries = ("amt-s",)
    batch_size = 1
    gpu_batch_size = 8

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return amt.build(), amt.KEY_MAP

    def consumer(self, *clips: MediaItem) -> FrameConsumer:
        return _Triples(*clips)

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        before, between, after = (batch[name] for name in ("before", "between", "after"))
        height, width = between.shape[1:3]
        border = Border.up_to(amt.MULTIPLE, height=height, width=width)
        found = self._net(*(border.added(as_pictures(frames)) for frames in (before, after)))
        levels = (border.removed(found).float() * 255).clamp(0, 255).to(torch.uint8)
        change = (levels.permute(0, 2, 3, 1).int() - between.int()).abs()
        return {"mae": change.flatten(1).double().mean(dim=1)}

    def collect(self, outputs: Mapping[str, Tensor]) -> list[dict[str, Any]]:
        """Return the differences in float64."""
        return [{"mae": float(value)} for value in outputs["mae"].cpu()]

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        return Features(arrays={"mae": np.array([o["mae"] for o in outputs], np.float64)}, facts=facts)


class _Triples(FrameConsumer):
    """A window for each second frame and the frames around it."""

    def __init__(self, clip: MediaItem) -> None:
        check_side(clip, _MIN_SIDE, reader="AMT")
        total = len(clip.frame_times)
        if total < 3:
            raise SkipError(
                SkipCode.TOO_SHORT, f"{clip.name}: {total} frame{'s' * (total > 1)}; one between two others needs 3"
            )
        self.ranges = (range(total - (total + 1) % 2),)
        self._total = total
        self._before: list[np.ndarray] = []

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        (frame,) = frames
        assert frame is not None
        seen = [*self._before, as_bytes(frame)]
        if len(seen) < 3:
            self._before = seen
            return ()
        self._before = seen[2:]
        return (Window(inputs=dict(zip(("before", "between", "after"), seen, strict=True))),)

    def finish(self) -> Mapping[str, Any]:
        return {"num_frames": self._total}
