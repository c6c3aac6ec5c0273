"""Peak signal-to-noise ratio: how far are the pixels of a video from those of its reference?

Frame by frame, for videos that should be the same: another codec, a faster kernel, a quantized model with the same
seed. As FastVideo computes it, the mean over frames of each frame's decibels, at most 100; `form="standard"` is what
scikit-image and torchmetrics compute of the whole clip, the decibels of its mean squared error. Frames of equal number
are compared, and the longer video is cut; other sizes or frame rates are a skip.

A good value: 100 is the same video; 40 is hard to tell from it, 30 is visible, under 20 it is another video.
Not seen: what is in the frames. A shift of one pixel costs more than blur. Sound is not listened to, and without a
reference there is no score.

Source: ITU-T J.340; protocol of FastVideo (float32, peak 1, mean squared errors of 1e-10 at least).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.frame_pairs import check_form, with_counts
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

_SMALLEST_MSE = 1e-10


@register("common.psnr")
class Psnr(Metric):
    """Peak signal-to-noise ratio of frames, in decibels; higher is better.

    Args:
        form: "fastvideo": mean of the frames' decibels; "standard": decibels of the clip's mean squared error.
        protocol: Makes no difference here.
    """

    direction = "higher"
    unit = "dB"
    range = (None, 100.0)

    def __init__(self, *, form: str = "fastvideo", protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        self.form = check_form(form)

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "form": self.form}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="frames", field=("video", "reference"), extractor="frame_mse"),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        mse = features["frames"]["mse"]
        per_frame = decibels(mse)
        score = per_frame.mean() if self.form == "fastvideo" else decibels(mse.mean())
        details = {"per_frame": [float(value) for value in per_frame]}
        return MetricResult(self.name, float(score), with_counts(details, features["frames"].facts))


def decibels(mse: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the signal-to-noise ratios of mean squared errors of values from 0 to 1."""
    ratio: npt.NDArray[np.float64] = -10 * np.log10(np.maximum(mse, _SMALLEST_MSE))
    return ratio
