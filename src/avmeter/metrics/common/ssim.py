"""Structural similarity: do the frames of a video have the structure of those of its reference?

Means, variances and covariances within a Gaussian window around each pixel, per colour channel, averaged over pixels
and frames. FastVideo pads frames with zeros and counts border pixels; `form="standard"` leaves the border of 5 pixels
out, as scikit-image does. torchmetrics counts a border of mirrored pixels, which is neither. Frames of equal number are
compared, and the longer video is cut; other sizes or frame rates are a skip.

A good value: 1 is the same video; above 0.95 is hard to tell from it. Values depend on the size of the frames.
Not seen: what is in the frames; a shift of a pixel costs as much as heavy blur. Sound is not listened to, and without a
reference there is no score.

Source: Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004); protocol of
FastVideo (window 11 x 11, sigma 1.5, biased variances, zero padding).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.frame_pairs import check_form, with_counts
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("common.ssim")
class Ssim(Metric):
    """Structural similarity of frames, up to 1; higher is better.

    Args:
        form: "fastvideo": over all pixels of frames padded with zeros; "standard": without the border of 5 pixels.
        protocol: Makes no difference here.
    """

    direction = "higher"
    range = (-1.0, 1.0)

    def __init__(self, *, form: str = "fastvideo", protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        self.form = check_form(form)

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "form": self.form}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="frames", field=("video", "reference"), extractor="frame_ssim"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        per_frame = features["frames"]["ssim" if self.form == "fastvideo" else "inner"]
        details = {"per_frame": [float(value) for value in per_frame]}
        return MetricResult(self.name, float(per_frame.mean()), with_counts(details, features["frames"].facts))
