"""Widths of frames whose pixels are not square."""

from __future__ import annotations

from fractions import Fraction

# Aspects this near to 1 come from rounding in encoders: resampling would blur every frame for a pixel or two.
_NEARLY_SQUARE = 0.01


def display_width(width: int, aspect: Fraction | None) -> int:
    """Return the width in square pixels that keeps the height: as ffmpeg's `scale=iw*sar:ih`.

    Args:
        width: Stored pixels.
        aspect: Width of a pixel over its height; None or 0 is not known, and counts as 1.
    """
    if not aspect or aspect < 0 or abs(aspect - 1) < _NEARLY_SQUARE:
        return width
    return max(1, int(width * aspect))
