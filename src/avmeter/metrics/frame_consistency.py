"""What VBench's two metrics of consistency share: how alike are the embeddings of frames?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.cosine import row_cosines
from avmeter.result import MetricResult


def frame_similarities(embedding: npt.NDArray[Any], *, where: str) -> npt.NDArray[np.float64]:
    """Return for each frame but the first, (T - 1,), how alike it is to the frame before and to the first, 0 to 1.

        (max(0, cos(frame, frame before)) + max(0, cos(frame, first frame))) / 2

    Args:
        embedding: (T, D) of all frames.
        where: The sample's id, for the message.

    Raises:
        SkipError: An embedding is not finite, or has no direction.

    Source: Huang et al., "VBench" (2024), equations of subject and background consistency.
    """
    before = row_cosines(embedding[1:], embedding[:-1], where=where)
    first = row_cosines(embedding[1:], np.broadcast_to(embedding[:1], embedding[1:].shape), where=where)
    found: npt.NDArray[np.float64] = (np.maximum(before, 0) + np.maximum(first, 0)) / 2
    return found


def frame_consistency(
    metric: str, embedding: npt.NDArray[Any], facts: Mapping[str, Any], *, where: str
) -> MetricResult:
    """Return the mean over all frames but the first, as a result of `metric`.

    Args:
        metric: Its name.
        embedding: (T, D) of all frames.
        facts: Of the frames, for the details.
        where: The sample's id, for messages.

    Raises:
        SkipError: One frame, which cannot be compared, or as `frame_similarities`.
    """
    if len(embedding) < 2:
        raise SkipError(SkipCode.TOO_SHORT, f"{where}: one frame, and none to compare it with")
    per_frame = frame_similarities(embedding, where=where)
    details = {"per_frame": [float(value) for value in per_frame], **facts}
    return MetricResult(metric, float(per_frame.mean()), details)
