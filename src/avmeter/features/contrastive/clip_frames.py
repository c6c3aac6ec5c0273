"""CLIP embedding of every frame.

Source: FastVideo, `eval/metrics/vbench/background_consistency/metric.py`; VBench, `vbench/utils.py`, `clip_transform`:
short side to 224 by bicubic interpolation of floats without antialiasing, the square in the middle.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from avmeter.features.contrastive.base import ClipTower
from avmeter.features.frame_network import EmbeddedFrames
from avmeter.features.pixels import CLIP, normalised
from avmeter.media import Resize
from avmeter.registry import register_extractor


@register_extractor("clip_frames")
class ClipFrames(ClipTower, EmbeddedFrames):
    """Array `embedding` (T, E), of no particular length; fact `num_frames`."""

    tower = "image"
    resize = Resize(short_side=224, interpolation="bicubic", antialias=False, long_side="int_trunc", in_="float")
    crop = "center_round"

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net.image(normalised(batch["pixels"], CLIP))}
