"""DISTS of each frame of a generated clip and the frame of equal number of its reference.

Source: Ding et al., "Image Quality Assessment: Unifying Structure and Texture Similarity" (2020).
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from avmeter.features.frames.base import PerceptualExtractor
from avmeter.nets import dists
from avmeter.nets.conv_stages import VGG
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime


@register_extractor("dists")
class DistsExtractor(PerceptualExtractor):
    """Array `distance` (T,) float64; facts are the numbers of frames."""

    entries = ("dists", "lpips-vgg")

    @property
    def min_side(self) -> int:
        return VGG.min_side

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return dists.build(), dists.KEY_MAP

    def checkpoint(self, runtime: Runtime) -> Mapping[str, Tensor]:
        """Read the weights of DISTS, and the VGG16 that comes with LPIPS."""
        return {name: tensor for entry in self.entries for name, tensor in runtime.weights.state_dict(entry).items()}

    def distances(self, generated: Tensor, reference: Tensor) -> Tensor:
        found: Tensor = self._net(generated, reference)
        return found
