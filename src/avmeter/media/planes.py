"""Frames as most decoders give them, in half the bytes of RGB, and what libswscale makes of them, on any device.

    (h, w) frame, h and w even -> (h + h / 2 + 1, w) uint8

    rows 0 to h - 1         brightness, Y
    rows h to 3 h / 2 - 1   colour, U and then V, each (h / 2, w / 2), end to end
    the last row            matrix, range and orientation of the frame, then zeros

`planes_to_rgb` repeats the integer arithmetic of libswscale's x86 code for 8 bits and 4:2:0: no pixel differs.
`is_exact` compares the two on this machine; where another build or processor rounds otherwise, frames travel as RGB.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from avmeter.media.orientation import UPRIGHT, Orientation

if TYPE_CHECKING:
    from torch import Tensor

_FORMATS = {"yuv420p", "yuvj420p"}
_LIMITED_RANGE, _FULL_RANGE = 1, 2  # AVCOL_RANGE_MPEG, AVCOL_RANGE_JPEG
# AVColorSpace -> red by V, blue by U, green by U, green by V: libswscale's ff_yuv2rgb_coeffs, in 1 / 65536.
_BT601 = (104597, 132201, 25675, 53279)
_MATRICES = {
    1: (117489, 138438, 13975, 34925),  # BT.709
    2: _BT601,  # not said
    4: (104448, 132798, 24759, 53109),  # FCC
    5: _BT601,  # BT.470BG
    6: _BT601,  # SMPTE 170M
    7: (117579, 136230, 16907, 35559),  # SMPTE 240M
    9: (110013, 140363, 12277, 42626),  # BT.2020
}
_NUM_CODES = 3  # bytes of the last row that mean something
_BLACK = 16  # of limited range
_ZERO_COLOUR = 128
_SWAPS, _MIRRORS_ROWS, _MIRRORS_COLUMNS = 1, 2, 4


@dataclass(frozen=True, kw_only=True)
class PlaneCode:
    """How the planes of a frame are read: `matrix` is an AVColorSpace, full range is that of JPEG."""

    matrix: int
    is_full_range: bool
    orientation: Orientation = UPRIGHT

    @staticmethod
    def of_row(row: np.ndarray) -> PlaneCode:
        """Return the code in the last row of planes."""
        return _code_of(row[:_NUM_CODES].tobytes())

    @property
    def black(self) -> int:
        """Y of black."""
        return 0 if self.is_full_range else _BLACK

    @property
    def gains(self) -> tuple[int, int, int, int, int]:
        """libswscale's factors for Y, red by V, blue by U, green by U and green by V, in 1 / 8192."""
        gain = 1 << 16
        red, blue, green_u, green_v = _MATRICES[self.matrix]
        if self.is_full_range:
            red, blue, green_u, green_v = (factor * 224 // 255 for factor in (red, blue, green_u, green_v))
        else:
            gain = gain * 255 // 219
        y, r, b, gu, gv = (((factor << 13) + (1 << 15)) >> 16 for factor in (gain, red, blue, -green_u, -green_v))
        return y, r, b, gu, gv

    def values(self) -> tuple[int, int, int]:
        """Return what `of_row` reads."""
        to = self.orientation
        turns = _SWAPS * to.swaps_sides + _MIRRORS_ROWS * to.mirrors_rows + _MIRRORS_COLUMNS * to.mirrors_columns
        return self.matrix, int(self.is_full_range), turns


@cache
def _code_of(values: bytes) -> PlaneCode:
    matrix, is_full_range, turns = values
    orientation = Orientation(
        swaps_sides=bool(turns & _SWAPS),
        mirrors_rows=bool(turns & _MIRRORS_ROWS),
        mirrors_columns=bool(turns & _MIRRORS_COLUMNS),
    )
    return PlaneCode(matrix=matrix, is_full_range=bool(is_full_range), orientation=orientation)


def planes_of(frame: Any, orientation: Orientation = UPRIGHT) -> np.ndarray | None:
    """Return the planes of a decoded frame, copied; None if it has another form, or libswscale another arithmetic."""
    height, width = frame.height, frame.width
    if frame.format.name not in _FORMATS or height % 2 or width % 2 or width < _NUM_CODES:
        return None
    is_full_range = frame.format.name == "yuvj420p" or int(frame.color_range) == _FULL_RANGE
    code = PlaneCode(matrix=int(frame.colorspace), is_full_range=is_full_range, orientation=orientation)
    if code.matrix not in _MATRICES or not is_exact():
        return None
    rows = np.empty((height + height // 2 + 1, width), np.uint8)
    rows[:height] = _plane(frame.planes[0], height, width)
    colour = rows[height:-1].reshape(2, height // 2, width // 2)
    colour[0] = _plane(frame.planes[1], height // 2, width // 2)
    colour[1] = _plane(frame.planes[2], height // 2, width // 2)
    rows[-1] = 0
    rows[-1, :_NUM_CODES] = code.values()
    return rows


def frame_of_planes(rows: np.ndarray) -> Any:
    """Return planes as a frame of libav, as it was decoded; its orientation is left to the caller."""
    code = PlaneCode.of_row(rows[-1])
    frame = av.VideoFrame.from_ndarray(rows[:-1], "yuv420p")
    frame.colorspace = code.matrix
    frame.color_range = _FULL_RANGE if code.is_full_range else _LIMITED_RANGE
    return frame


def upright_size(frame: np.ndarray) -> tuple[int, int]:
    """Return (H, W) on the screen of planes, or of RGB (H, W, 3)."""
    if frame.ndim == 3:
        return frame.shape[0], frame.shape[1]
    height, width = (len(frame) - 1) // 3 * 2, frame.shape[1]
    return (width, height) if PlaneCode.of_row(frame[-1]).orientation.swaps_sides else (height, width)


def _plane(plane: Any, height: int, width: int) -> np.ndarray:
    stored: np.ndarray = np.frombuffer(plane, np.uint8)[: height * plane.line_size]
    return stored.reshape(height, plane.line_size)[:, :width]


def planes_to_rgb(planes: Tensor, code: PlaneCode) -> Tensor:
    """Convert frames of one code on their own device.

    Args:
        planes: (n, h + h / 2 + 1, w) uint8.
        code: How to read them.

    Returns:
        (n, 3, H, W) float32, whole numbers from 0 to 255, upright.
    """
    import torch

    num_frames, width = len(planes), planes.shape[2]
    height = (planes.shape[1] - 1) // 3 * 2
    gain, red, blue, green_u, green_v = code.gains
    bright = planes[:, :height].to(torch.int32)
    bright.sub_(code.black).mul_(8 * gain).bitwise_right_shift_(16)
    bright = bright.view(num_frames, height // 2, 2, width // 2, 2)
    colour = planes[:, height:-1].reshape(num_frames, 2, height // 2, width // 2).to(torch.int32)
    colour.sub_(_ZERO_COLOUR).mul_(8)
    u, v = colour[:, 0], colour[:, 1]
    green = (u * green_u >> 16) + (v * green_v >> 16)
    found = torch.empty((num_frames, 3, height, width), dtype=torch.float32, device=planes.device)
    for channel, shift in enumerate((v * red >> 16, green, u * blue >> 16)):
        mixed = bright + shift.view(num_frames, height // 2, 1, width // 2, 1)
        found[:, channel] = mixed.clamp_(0, 255).view(num_frames, height, width)
    return _upright(found, code.orientation)


def _upright(frames: Tensor, orientation: Orientation) -> Tensor:
    """Lay frames (n, 3, h, w) as `Orientation.apply` lays one."""
    if orientation.swaps_sides:
        frames = frames.transpose(2, 3)
    axes = [2] * orientation.mirrors_rows + [3] * orientation.mirrors_columns
    return frames.flip(axes) if axes else frames.contiguous()


def rgb_of_planes(rows: np.ndarray) -> np.ndarray:
    """Convert one frame here: RGB (H, W, 3) uint8, as decoding to RGB would have given it."""
    import torch

    found = planes_to_rgb(torch.from_numpy(rows)[None], PlaneCode.of_row(rows[-1]))[0]
    pixels: np.ndarray = found.permute(1, 2, 0).to(torch.uint8).numpy()
    return pixels


@cache
def is_exact() -> bool:
    """Return True if libswscale, as it is on this machine, rounds as `planes_to_rgb` does."""
    rng = np.random.default_rng(0)
    for matrix in _MATRICES:
        for is_full_range in (False, True):
            rows = rng.integers(0, 256, (48 * 3 // 2 + 1, 70), np.uint8)  # no multiple of what processors take at once
            rows[-1, :_NUM_CODES] = PlaneCode(matrix=matrix, is_full_range=is_full_range).values()
            if (rgb_of_planes(rows) != _by_libswscale(rows)).any():
                return False
    return True


def _by_libswscale(rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = VideoReformatter().reformat(frame_of_planes(rows), format="rgb24", threads=1).to_ndarray()
    return found
