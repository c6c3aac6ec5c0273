"""Which frames of a video are asked for, and in what form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from avmeter.errors import UsageError
from avmeter.media.resize import Crop, Resize, check_choices

Output = Literal["float32", "uint8"]


@dataclass(frozen=True, kw_only=True)
class FrameRequest:
    """Frames by index, and their form, (n, 3, h, w).

    Attributes:
        indices: Into the sorted presentation times (`MediaItem.frame_times`); may repeat, in any order.
        resize: None keeps the size on the screen.
        crop: A square of `resize.short_side` from the middle; "center_floor" rounds its offset down, "center_round"
            to the nearest (half to even). None keeps the whole frame.
        output: "float32": [0, 1], not clamped after bicubic resizing in float; "uint8": [0, 255].
    """

    indices: tuple[int, ...]
    resize: Resize | None = None
    crop: Crop | None = None
    output: Output = "float32"

    def __post_init__(self) -> None:
        object.__setattr__(self, "indices", tuple(int(i) for i in self.indices))
        check_choices(self, {"output": Output} | ({"crop": Crop} if self.crop is not None else {}))
        if self.crop is not None and self.resize is None:
            raise UsageError("FrameRequest: a crop needs a resize, whose short side is its size")
        if any(i < 0 for i in self.indices):
            raise UsageError(f"FrameRequest: index {min(self.indices)} is negative")
