"""DISTS: do the frames of a video have the structure and the textures of those of its reference?

Means, variances and covariances of the features that VGG16 has of both frames, over the whole frame: a texture that is
another sample of the same kind (grass, hair, noise) costs little, where LPIPS and SSIM count every pixel of it. Frames
are compared at their own size, the score is the mean over frames. Frames of equal number are compared, and the longer
video is cut; other sizes or frame rates are a skip.

A good value: 0 is the same video; under 0.05 is hard to tell from it, above 0.3 is another video. The authors shrink
pictures to a short side of 256 in their tables: values of other sizes do not compare.
Not seen: where in the frame something is, as far as averages over the frame do not tell; time; sound. Without a
reference there is no score.

Source: Ding et al., "Image Quality Assessment: Unifying Structure and Texture Similarity" (IEEE TPAMI 2020).
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.frame_pairs import mean_distance
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("common.dists")
class DistsMetric(Metric):
    """Distance of structure and texture of frames, about 0 to 1; lower is better."""

    direction = "lower"

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="frames", field=("video", "reference"), extractor="dists"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        return mean_distance(self.name, features)
