"""DINO embedding of every frame.

Source: FastVideo, `eval/metrics/vbench/subject_consistency/metric.py`; VBench, `vbench/utils.py`, `dino_transform`:
short side to 224 by bilinear interpolation of floats without antialiasing, and the whole frame, whatever its shape.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from avmeter.features.frame_network import EmbeddedFrames
from avmeter.features.pixels import IMAGENET, normalised
from avmeter.media import Resize
from avmeter.nets import dino
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime


@register_extractor("dino_frames")
class DinoFrames(EmbeddedFrames):
    """Array `embedding` (T, 768), of no particular length; fact `num_frames`."""

    entries = ("dino-vit-b-16",)
    half_weights = True
    resize = Resize(short_side=224, interpolation="bilinear", antialias=False, long_side="int_trunc", in_="float")

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return dino.build(), dino.KEY_MAP

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net(normalised(batch["pixels"], IMAGENET))}
