"""Pixels and motion of a generated clip against a filmed one, by the arithmetic of Physics-IQ.

Where something moves is a mask at the frames' own size: grey, smoothed, against a running average that already holds
the frame, then opened and closed. Pixels and masks are compared at a quarter of the reference's width and height.

    frame --> grey --> 5x5 Gaussian --> |grey - average| > threshold --> opening, closing 5x5 --> mask
      |                                                                                            | (MPEG-4 and back)
      +--> a quarter of the size --> squared error                     a quarter of the size <-----+--> overlap

OpenCV does the arithmetic on pixels, so that masks agree to the pixel with those of the published programs.

Source: Motamed et al., "Do generative video models understand physical principles?" (2025); protocol of FastVideo
(`fastvideo/eval/metrics/physics_iq`). Differs: colours are RGB wherever frames come from; given masks may be arrays.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.base import Features, Window
from avmeter.features.frame_stream import UNSTATED_RATE, Frame, FrameConsumer, FrameExtractor
from avmeter.features.frames.base import check_rates, check_sizes, frame_rate, is_same_rate
from avmeter.media import MediaItem
from avmeter.media.round_trip import Mpeg4RoundTrip
from avmeter.registry import register_extractor

SELECTIONS = ("first", "last")
SIZES = ("equal", "any")
_DIGITS = 4  # that the published programs round the values of frames to
_HALF = 127  # of a mask's pixel
_KERNEL = np.ones((5, 5), np.uint8)

Mask = npt.NDArray[np.uint8]
"""(H, W)."""


@register_extractor("physics_iq_pair")
class PhysicsIqPairExtractor(FrameExtractor):
    """Arrays `mse` (T,) and `iou` (T,), float64, of the frames that both clips have.

    Facts `spatial_iou` and `weighted_spatial_iou`, of all frames; `num_frames`, `num_generated_frames` and
    `num_reference_frames` that were read; `width` and `height` of what was compared.

    Args:
        target_fps: Frames per second that both clips must have.
        duration_seconds: How much of them is read.
        video_time_selection: Of the generated clip, "first" or "last".
        threshold: Grey levels of 255 between a frame and the average that are motion.
        alpha: Weight of a frame in the running average.
        roundtrip_generated_masks: Encode and decode the masks of the generated clip.
        sizes: "equal": clips of other frame sizes are refused; "any": both are scaled to a quarter of the reference.
    """

    num_clips = 2
    dependencies = ("cv2",)
    extra = "flow"
    option_names = (
        "target_fps", "duration_seconds", "video_time_selection", "threshold", "alpha", "roundtrip_generated_masks",
        "sizes",
    )  # fmt: skip

    def __init__(
        self,
        *,
        target_fps: int = 30,
        duration_seconds: float = 5,
        video_time_selection: str = "first",
        threshold: int = 10,
        alpha: float = 0.3,
        roundtrip_generated_masks: bool = True,
        sizes: str = "equal",
    ) -> None:
        if video_time_selection not in SELECTIONS:
            raise UnknownNameError.among("video_time_selection", video_time_selection, SELECTIONS)
        if sizes not in SIZES:
            raise UnknownNameError.among("sizes", sizes, SIZES)
        self.target_fps = target_fps
        self.duration_seconds = duration_seconds
        self.video_time_selection = video_time_selection
        self.threshold = threshold
        self.alpha = alpha
        self.roundtrip_generated_masks = roundtrip_generated_masks
        self.sizes = sizes

    def consumer(self, *clips: Any) -> FrameConsumer:
        """Return what takes the frames of a generated clip and its reference, and of masks of theirs or None."""
        generated, reference, *masks = clips
        return _Comparison(self, generated, reference, masks)


class _Comparison(FrameConsumer):
    def __init__(
        self,
        options: PhysicsIqPairExtractor,
        generated: MediaItem,
        reference: MediaItem,
        masks: list[MediaItem | None],
    ) -> None:
        for clip in (generated, reference):
            _check_rate(clip, options.target_fps)
        check_rates(generated, reference)
        if options.sizes == "equal":
            check_sizes(generated, reference)
        num_selected = round(options.target_fps * options.duration_seconds)
        total = len(generated.frame_times)
        start = 0 if options.video_time_selection == "first" else max(total - num_selected, 0)
        others = (0 if clip is None else min(len(clip.frame_times), num_selected) for clip in (reference, *masks))
        self.ranges = (range(start, min(start + num_selected, total)), *(range(n) for n in others))
        has_masks = len(masks) == 2 and None not in masks
        if min(map(len, self.ranges[:2])) < 2 and not has_masks:
            raise SkipError(SkipCode.TOO_SHORT, f"{generated.name}: 1 frame in common; motion needs 2")
        filmed = reference.info.video[0]
        self._size = max(filmed.width // 4, 1), max(filmed.height // 4, 1)
        self._mse: list[float] = []
        self._iou: list[float] = []
        self._generated = _Masks(self._size, options, encoded=options.roundtrip_generated_masks)
        self._reference = _Masks(self._size, options, encoded=False)

    def add(self, *frames: Frame | None) -> Iterable[Window]:
        generated, reference, generated_mask, reference_mask = (*map(_as_bytes, frames), None, None)[:4]
        if generated is not None and reference is not None:
            error = _quarter(generated, self._size) - _quarter(reference, self._size)
            self._mse.append(round(float(np.mean(error**2)), _DIGITS))
        self._generated.add(generated, generated_mask, is_given=self._is_given(2))
        self._reference.add(reference, reference_mask, is_given=self._is_given(3))
        self._compare_masks()
        return ()

    def finish(self) -> Features:
        self._generated.finish()
        self._compare_masks()
        counts = [len(indices) for indices in self.ranges[:2]]
        area, weight = (
            _ratio(np.minimum(a, b).sum(), np.maximum(a, b).sum())
            for a, b in (
                (self._generated.moving, self._reference.moving),
                (self._generated.share, self._reference.share),
            )
        )
        return Features(
            arrays={"mse": np.array(self._mse, np.float64), "iou": np.array(self._iou, np.float64)},
            facts={
                "spatial_iou": area,
                "weighted_spatial_iou": weight,
                "num_frames": min(counts),
                "num_generated_frames": counts[0],
                "num_reference_frames": counts[1],
                "width": self._size[0],
                "height": self._size[1],
            },
        )

    def _is_given(self, position: int) -> bool:
        return len(self.ranges) > position and len(self.ranges[position]) > 0

    def _compare_masks(self) -> None:
        """Compare the masks that both sides have; those of one side may come later."""
        while self._generated.waiting and self._reference.waiting:
            a, b = self._generated.waiting.popleft(), self._reference.waiting.popleft()
            overlap = _ratio(int(np.count_nonzero(a & b)), int(np.count_nonzero(a | b)))
            self._iou.append(round(overlap, _DIGITS))


class _Masks:
    """The masks of one clip, at the size at which they are compared.

    Attributes:
        waiting: Masks (H, W) of 0 and 1 that have not been compared.
    """

    def __init__(self, size: tuple[int, int], options: PhysicsIqPairExtractor, *, encoded: bool) -> None:
        self.waiting: deque[Mask] = deque()
        self._size = size
        self._options = options
        self._encoded = encoded
        self._codec: Mpeg4RoundTrip | None = None
        self._average: npt.NDArray[np.float64] | None = None
        self._sum = np.zeros(size[::-1], np.int64)
        self._num = 0

    @property
    def moving(self) -> npt.NDArray[np.bool_]:
        """Where something moves at some time, (H, W)."""
        return self._sum > 0

    @property
    def share(self) -> npt.NDArray[np.float64]:
        """Of the time in which something moves, (H, W)."""
        share: npt.NDArray[np.float64] = self._sum / self._num
        return share

    def add(self, frame: Mask | None, mask: Mask | None, *, is_given: bool) -> None:
        """Take a frame (H, W, 3), or the mask of one (H, W, 3) where masks were given."""
        if is_given:
            self._take([] if mask is None else [mask[:, :, 0]])
        elif frame is not None:
            found = self._mask_of(frame)
            self._take(self._through_codec(found) if self._encoded else [found])

    def finish(self) -> None:
        """Take the masks that the codec has not given back yet."""
        if self._codec is not None:
            self._take(self._codec.finish())

    def _through_codec(self, mask: Mask) -> Iterator[Mask]:
        if self._codec is None:
            height, width = mask.shape
            self._codec = Mpeg4RoundTrip(width=width, height=height, fps=self._options.target_fps)
        return self._codec.add(mask)

    def _take(self, masks: Iterable[Mask]) -> None:
        import cv2

        for mask in masks:
            small = (cv2.resize(np.ascontiguousarray(mask), self._size) > _HALF).astype(np.uint8)
            self._sum += small
            self._num += 1
            self.waiting.append(small)

    def _mask_of(self, frame: Frame) -> Mask:
        import cv2

        grey = cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (5, 5), 0)
        if self._average is None:
            self._average = grey.astype(np.float64)
            return np.zeros_like(grey)
        cv2.accumulateWeighted(grey, self._average, self._options.alpha)
        change = cv2.absdiff(grey, cv2.convertScaleAbs(self._average))
        _, mask = cv2.threshold(change, self._options.threshold, 255, cv2.THRESH_BINARY)
        opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, _KERNEL)
        closed: Mask = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, _KERNEL)
        return closed


def _check_rate(clip: MediaItem, target_fps: int) -> None:
    rate = frame_rate(clip)
    if rate is not None and rate != UNSTATED_RATE and not is_same_rate(rate, target_fps):
        raise SkipError(
            SkipCode.FRAME_RATE_MISMATCH,
            f"{clip.name} has {rate:.3f} frames per second and target_fps is {target_fps}: "
            "motion from frame to frame would be that of another time",
            hint=f"bring it to {target_fps} frames per second, or set target_fps to what all clips have",
        )


def _as_bytes(frame: Frame | None) -> npt.NDArray[np.uint8] | None:
    """Return a frame as uint8; floats are rounded, as FastVideo does here."""
    if frame is None or frame.dtype == np.uint8:
        return frame
    rounded: npt.NDArray[np.uint8] = np.rint(np.clip(frame, 0, 1) * np.float32(255)).astype(np.uint8)
    return rounded


def _quarter(frame: Frame, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    import cv2

    small: npt.NDArray[np.float32] = cv2.resize(np.ascontiguousarray(frame), size).astype(np.float32) / 255.0
    return small


def _ratio(part: float, whole: float) -> float:
    """Return an overlap; two sides without motion agree."""
    return float(part / whole) if whole else 1.0
