"""Read audio samples and video frames from arrays."""

from __future__ import annotations

import numpy as np

from avmeter.errors import MediaError, SkipCode

_MAX_CHANNELS = 64
_INTEGER_SCALES = {"uint8": (128.0, 128.0), "int16": (0.0, 2.0**15), "int32": (0.0, 2.0**31)}


def samples_from_array(array: np.ndarray, name: str) -> np.ndarray:
    """Return samples (N, C) float32, full scale 1.

    Args:
        array: (N,), (C, N) or (N, C): the shorter axis is the channels, equal axes mean (C, N). Floats with full scale
            1, or PCM as uint8, int16 or int32.
        name: For messages.

    Raises:
        MediaError: `unsupported` type or shape.
    """
    array = np.asarray(array)
    if array.ndim not in (1, 2):
        raise MediaError(
            SkipCode.UNSUPPORTED, f"{name}: audio of shape {array.shape}", hint="give (N,), (C, N) or (N, C)"
        )
    samples = array[:, None] if array.ndim == 1 else array
    if array.ndim == 2 and (array.shape[0] <= array.shape[1] or not array.shape[1]) and array.shape[0]:
        samples = array.T
    if samples.shape[1] > _MAX_CHANNELS or not samples.shape[1]:
        raise MediaError(SkipCode.UNSUPPORTED, f"{name}: audio of shape {array.shape} has {samples.shape[1]} channels")
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # a double beyond float32 becomes infinite and is counted as such
            return samples.astype(np.float32)
    if array.dtype.name not in _INTEGER_SCALES:
        raise MediaError(
            SkipCode.UNSUPPORTED,
            f"{name}: audio as {array.dtype.name} has no known full scale",
            hint="give floats in [-1, 1], or PCM as uint8, int16 or int32",
        )
    offset, scale = _INTEGER_SCALES[array.dtype.name]
    return ((samples.astype(np.float64) - offset) / scale).astype(np.float32)


def frames_from_array(array: np.ndarray, name: str) -> np.ndarray:
    """Return a view (T, H, W, 3), uint8 or float in [0, 1].

    Args:
        array: (T, 3, H, W) or (T, H, W, 3); one channel is taken for grey.
        name: For messages.

    Raises:
        MediaError: `unsupported` type, shape or range; `non_finite`.
    """
    array = np.asarray(array)
    if array.ndim != 4 or not array.size:
        raise MediaError(
            SkipCode.UNSUPPORTED, f"{name}: frames of shape {array.shape}", hint="give (T, 3, H, W) or (T, H, W, 3)"
        )
    if array.shape[1] in (1, 3):
        array = array.transpose(0, 2, 3, 1)
    elif array.shape[3] not in (1, 3):
        raise MediaError(
            SkipCode.UNSUPPORTED, f"{name}: frames of shape {array.shape}", hint="give (T, 3, H, W) or (T, H, W, 3)"
        )
    if array.shape[3] == 1:
        array = np.broadcast_to(array, (*array.shape[:3], 3))
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise MediaError(
            SkipCode.UNSUPPORTED, f"{name}: frames as {array.dtype.name}", hint="give uint8, or floats in [0, 1]"
        )
    for frame in array:
        _check_range(frame, name)
    return array


def _check_range(frame: np.ndarray, name: str) -> None:
    low, high = float(frame.min()), float(frame.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise MediaError(SkipCode.NON_FINITE, f"{name}: frames hold NaN or infinite values")
    if low < -1e-3 or high > 1 + 1e-3:
        raise MediaError(
            SkipCode.UNSUPPORTED,
            f"{name}: frames as floats from {low:g} to {high:g}",
            hint="give floats in [0, 1], or uint8",
        )
