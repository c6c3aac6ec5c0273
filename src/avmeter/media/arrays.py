"""Read audio samples and video frames from arrays: which shapes and dtypes mean what.

    audio   (N,)                    mono
            (C, N), (N, C)          the shorter axis is the channels; equal axes mean (C, N)
            (1, C, N), (1, N, C)    a batch of one
    video   (T, H, W, 3), (T, 3, H, W), (3, T, H, W), and each with a leading axis of 1; one channel is grey

An axis of 1 or 3 is looked for in this order: the second, the last, the first; so (3, 3, H, W) is three frames. What
is three grey frames as much as one in colour, (3, 1, H, W), is refused.

    floats              full scale 1; float32, float64, float16, bfloat16: all are read exactly or rounded to float32
    audio as integers   PCM: int16 / 2^15, int32 / 2^31, uint8 (x - 128) / 128; int32 within
                        the range of 24 bits is refused: such values would be 48 dB too quiet
    video as integers   uint8, or any other integers from 0 to 255
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from avmeter.errors import MediaError, SkipCode
from avmeter.sample import UnreadableError, as_array

_MAX_CHANNELS = 64
_PCM_SCALES = {"uint8": (128.0, 128.0), "int16": (0.0, 2.0**15), "int32": (0.0, 2.0**31)}
_FULL_SCALE_16, _FULL_SCALE_24 = 1 << 15, 1 << 23
_AUDIO_SHAPES = "give (N,), (C, N), (N, C) or (1, C, N)"
_VIDEO_SHAPES = "give (T, 3, H, W) or (T, H, W, 3), alone or in a batch of one"
# Frames are checked in blocks: a comparison of a whole clip would need as much memory again.
_BLOCK_FRAMES = 16


def samples_from_array(values: Any, name: str) -> np.ndarray:
    """Return samples (N, C) float32, full scale 1.

    Args:
        values: An array or tensor, see above.
        name: For messages.

    Raises:
        MediaError: `unsupported` dtype or shape.
    """
    array = numeric_array(values, name)
    shape = _described(array)
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim not in (1, 2):
        _refuse(f"{name}: audio of {shape}", hint=_AUDIO_SHAPES)
    samples = array[:, None] if array.ndim == 1 else array
    if array.ndim == 2 and (array.shape[0] <= array.shape[1] or not array.shape[1]) and array.shape[0]:
        samples = array.T
    if samples.shape[1] > _MAX_CHANNELS or not samples.shape[1]:
        _refuse(f"{name}: audio of {shape} has {samples.shape[1]} channels", hint=_AUDIO_SHAPES)
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # a double beyond float32 becomes infinite and is counted as such
            return samples.astype(np.float32)
    if array.dtype.name not in _PCM_SCALES:
        _refuse(
            f"{name}: audio of {shape} has no known full scale",
            hint="give floats in [-1, 1], or PCM as uint8, int16 or int32",
        )
    if array.dtype.name == "int32":
        _refuse_narrow(array, name)
    offset, scale = _PCM_SCALES[array.dtype.name]
    return ((samples.astype(np.float64) - offset) / scale).astype(np.float32)


def _refuse_narrow(samples: np.ndarray, name: str) -> None:
    """Refuse 32-bit integers that look like values of 24 or 16 bits, whose full scale is another.

    Silence is none of these, and neither are values that end in 16 zeros: those of 16 bits, at the upper end.
    """
    peak = max(-int(samples.min(initial=0)), int(samples.max(initial=0)))
    if not 0 < peak <= _FULL_SCALE_24 or not (samples & 0xFFFF).any():
        return
    bits = 16 if peak <= _FULL_SCALE_16 else 24
    _refuse(
        f"{name}: audio of int32 with values up to {peak:,}: they look like {bits} bits, and int32 has its full scale "
        f"at 2^31, {6.02 * (32 - bits):.0f} dB above",
        hint=f"multiply by {1 << (32 - bits)} if they are, or give floats: divide by {1 << (bits - 1)}",
    )


def frames_from_array(values: Any, name: str) -> np.ndarray:
    """Return a view (T, H, W, 3), uint8 or float in [0, 1].

    Args:
        values: An array or tensor, see above.
        name: For messages.

    Raises:
        MediaError: `unsupported` dtype, shape or range; `non_finite`.
    """
    array = numeric_array(values, name)
    shape = _described(array)
    if array.ndim == 5 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 4 or not array.size:
        _refuse(f"{name}: frames of {shape}", hint=_VIDEO_SHAPES)
    if array.shape[:2] == (3, 1):
        _refuse(f"{name}: frames of {shape}: three grey frames, or one in colour", hint="give (T, 3, H, W)")
    if array.shape[1] in (1, 3):
        array = array.transpose(0, 2, 3, 1)
    elif array.shape[3] not in (1, 3):
        if array.shape[0] not in (1, 3):
            _refuse(f"{name}: frames of {shape}", hint=_VIDEO_SHAPES)
        array = array.transpose(1, 2, 3, 0)
    if array.shape[3] == 1:
        array = np.broadcast_to(array, (*array.shape[:3], 3))
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind == "f":
        _check_range(array, name)
        return array
    return _bytes_from_integers(array, name)


def numeric_array(values: Any, name: str) -> np.ndarray:
    """Return an array of numbers.

    Raises:
        MediaError: `unsupported` if it is none.
    """
    try:
        return as_array(values)
    except UnreadableError as error:
        raise MediaError(SkipCode.UNSUPPORTED, f"{name}: {error.message}", hint=error.hint) from error


def _check_range(frames: np.ndarray, name: str) -> None:
    low, high = _range(frames)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise MediaError(SkipCode.NON_FINITE, f"{name}: frames hold NaN or infinite values")
    if low < -1 - 1e-3 or high > 1 + 1e-3:
        _refuse(f"{name}: frames as floats from {low:g} to {high:g}", hint="give floats in [0, 1], or uint8")
    if low < -1e-3:
        _refuse(f"{name}: frames as floats from {low:g} to {high:g}", hint="give (x + 1) / 2 if they lie in [-1, 1]")


def _bytes_from_integers(frames: np.ndarray, name: str) -> np.ndarray:
    low, high = _range(frames)
    if low < 0 or high > 255:
        _refuse(f"{name}: frames as {frames.dtype.name} from {low:g} to {high:g}", hint="give values from 0 to 255")
    return frames.astype(np.uint8)


def _range(frames: np.ndarray) -> tuple[float, float]:
    blocks = [frames[i : i + _BLOCK_FRAMES] for i in range(0, len(frames), _BLOCK_FRAMES)]
    # NumPy, not Python: its minimum of what holds NaN is NaN.
    return float(np.min([b.min() for b in blocks])), float(np.max([b.max() for b in blocks]))


def _described(array: np.ndarray) -> str:
    return f"shape {array.shape} and dtype {array.dtype.name}"


def _refuse(message: str, *, hint: str) -> NoReturn:
    raise MediaError(SkipCode.UNSUPPORTED, message, hint=hint)
