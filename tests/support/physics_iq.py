"""Scores of pairs of frames in memory by metrics of Physics-IQ."""

from __future__ import annotations

from typing import Any

import numpy as np

from avmeter import create_evaluator
from avmeter.result import MetricResult
from support import require

FPS = 10


def scored(metric: str, generated: np.ndarray, reference: np.ndarray, **options: Any) -> MetricResult:
    """Return the result of the two seconds that count."""
    require.package("cv2")
    own = {"target_fps": FPS, "duration_seconds": 2, "roundtrip_generated_masks": False, **options}
    evaluator = create_evaluator(metrics=[metric], device="cpu", options={metric: own}, loader_processes=0)
    return evaluator.evaluate(video=generated, reference=reference, fps=FPS)[metric]


def jump(at: int, *, num: int = 20) -> np.ndarray:
    """Return frames (num, 80, 160, 3): a white square of 40 pixels on black that jumps to the right at one frame."""
    frames = np.zeros((num, 80, 160, 3), np.uint8)
    frames[:at, 20:60, 20:60] = 255
    frames[at:, 20:60, 100:140] = 255
    return frames
