"""LPIPS: how different do the frames of a video look from those of its reference?

Distance of the features that a network trained to recognise pictures has of both frames, weighed so that it agrees
with people who were asked which of two distorted pictures is nearer to the original. As FastVideo computes it: version
0.1, frames at their own size, mean over frames. Frames of equal number are compared, and the longer video is cut; other
sizes or frame rates are a skip.

A good value: 0 is the same video; under 0.05 is hard to tell from it, above 0.5 is another video. Values of "alex" and
of "vgg" do not compare, nor those of frames of other sizes.
Not seen: time: a frame is compared with its own reference frame alone, so that even flicker counts only as far as each
frame is off. Sound is not listened to, and without a reference there is no score.

Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric" (CVPR 2018); FastVideo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.errors import UnknownNameError
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.frame_pairs import mean_distance
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

_NETS = ("alex", "vgg")


@register("common.lpips")
class LpipsMetric(Metric):
    """Learned perceptual distance of frames; lower is better.

    Args:
        net: "alex" (AlexNet, the published default for evaluation) or "vgg" (VGG16).
        protocol: Makes no difference here.
    """

    direction = "lower"
    range = (0.0, None)

    def __init__(self, *, net: str = "alex", protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        if net not in _NETS:
            raise UnknownNameError.among("net", net, _NETS)
        self.net = net

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        return {**super().choices(), "net": _NETS}

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "net": self.net}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="frames", field=("video", "reference"), extractor="lpips", options={"net": self.net}),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        return mean_distance(self.name, features)
