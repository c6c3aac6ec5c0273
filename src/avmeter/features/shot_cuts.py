"""Where a video cuts to another shot.

Source: PySceneDetect 0.5.1, `ContentDetector` with its defaults, over frames of which rows and columns are left out as
`compute_downscale_factor` says.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avmeter.features.frame_stream import Frame, as_bytes

_THRESHOLD = 30.0  # mean change of hue (0 to 180), saturation and value (0 to 255)
_LEAST_FRAMES = 15  # from one cut to the next
# Frames at least so wide are thinned out by so much.
_STEPS = ((3200, 12), (2100, 8), (1700, 6), (1200, 5), (900, 4), (600, 3), (400, 2))


class ShotCuts:
    """Takes frames one after the other.

    Attributes:
        cuts: Numbers of the frames that begin a new shot, without the first.
    """

    def __init__(self) -> None:
        self.cuts: list[int] = []
        self._before: npt.NDArray[np.float32] | None = None

    def add(self, frame: Frame, number: int) -> None:
        """Take a frame; those between it and the last one look like that."""
        step = next((step for width, step in _STEPS if frame.shape[1] >= width), 1)
        now = hue_saturation_value(as_bytes(frame[::step, ::step]))
        is_other = self._before is not None and float(np.abs(now - self._before).mean()) >= _THRESHOLD
        if is_other and (not self.cuts or number - self.cuts[-1] >= _LEAST_FRAMES):
            self.cuts.append(number)
        self._before = now


def hue_saturation_value(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return hue (0 to 180), saturation and value (0 to 255) of every pixel (H, W, 3), rounded, as OpenCV has them."""
    red, green, blue = (frame[..., channel].astype(np.float32) for channel in range(3))
    value = np.maximum(np.maximum(red, green), blue)
    spread = value - np.minimum(np.minimum(red, green), blue)
    some = np.maximum(spread, 1)
    hue = np.where(
        value == red,
        (green - blue) / some,
        np.where(value == green, 2 + (blue - red) / some, 4 + (red - green) / some),
    )
    hue = np.rint(30 * hue)
    saturation = np.rint(255 * spread / np.maximum(value, 1))
    return np.stack([np.where(hue < 0, hue + 180, hue), saturation, value], axis=-1).astype(np.float32)
