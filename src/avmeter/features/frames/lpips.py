"""LPIPS of each frame of a generated clip and the frame of equal number of its reference.

Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric" (2018), weights v0.1.
"""

from __future__ import annotations

from torch import Tensor, nn

from avmeter.errors import UnknownNameError
from avmeter.features.frames.base import PerceptualExtractor
from avmeter.nets import lpips
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime


@register_extractor("lpips")
class LpipsExtractor(PerceptualExtractor):
    """Array `distance` (T,) float64; facts are the numbers of frames.

    Args:
        net: "alex" or "vgg".
    """

    option_names = ("net",)

    def __init__(self, *, net: str = "alex") -> None:
        if net not in lpips.CONFIGS:
            raise UnknownNameError.among("net", net, lpips.CONFIGS)
        self.net = net

    @property
    def min_side(self) -> int:
        return lpips.CONFIGS[self.net].min_side

    def weights(self) -> tuple[str, ...]:
        return (f"lpips-{self.net}",)

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return lpips.build(self.net), lpips.KEY_MAPS[self.net]

    def distances(self, generated: Tensor, reference: Tensor) -> Tensor:
        found: Tensor = self._net(generated * 2 - 1, reference * 2 - 1)
        return found
