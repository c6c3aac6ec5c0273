"""Read a video from a folder of images, one per frame, at a given frame rate."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path

import av
import numpy as np

from avmeter.errors import MediaError, SkipCode
from avmeter.media.advance import Advance, unwatched
from avmeter.media.audio_decode import AudioBlock
from avmeter.media.container import MAX_PIXELS
from avmeter.media.hashing import content_key
from avmeter.media.limits import MediaLimits
from avmeter.media.packets import Losses
from avmeter.media.probe import MediaInfo, VideoStream
from avmeter.media.timestamps import FrameTimestamps

IMAGE_DECODERS = {
    ".png": "png",
    ".jpg": "mjpeg",
    ".jpeg": "mjpeg",
    ".webp": "webp",
    ".bmp": "bmp",
    ".tif": "tiff",
    ".tiff": "tiff",
}


def frame_images(folder: Path) -> list[Path]:
    """Return the images of a folder in natural order: 2 before 10."""
    images = [p for p in folder.iterdir() if p.suffix.lower() in IMAGE_DECODERS and not p.name.startswith(".")]
    return sorted(images, key=_natural)


class FrameFolderReader:
    """Images of a folder in natural order of their names; frame i is shown during [i, i + 1) / fps.

    Args:
        folder: The folder.
        fps: Frames per second.
        max_pixels: Larger images are not decoded.
        advance: Called for every image.

    Raises:
        MediaError: `not_a_file` without images; `no_frame_rate`.
    """

    def __init__(
        self, folder: Path, *, fps: float | None, max_pixels: int = MAX_PIXELS, advance: Advance = unwatched
    ) -> None:
        self.name = str(folder)
        self._images = frame_images(folder)
        if not self._images:
            raise MediaError(
                SkipCode.NOT_A_FILE,
                f"{folder}: is a folder without images",
                hint="give the path of a media file, or a folder of frames",
            )
        if fps is None:
            raise MediaError(
                SkipCode.NO_FRAME_RATE,
                f"{folder}: {len(self._images)} images without a frame rate",
                hint="give `fps=` with the folder",
            )
        self._fps = fps
        self._max_pixels = max_pixels
        self._advance = advance

    @cached_property
    def info(self) -> MediaInfo:
        """Size and number of the images; the first one is decoded, others have its size.

        Raises:
            MediaError: `decode_error` if it cannot be; `over_limit` if it is too large.
        """
        height, width = decode_image(self._images[0], max_pixels=self._max_pixels).shape[:2]
        stream = VideoStream(
            index=0,
            codec=IMAGE_DECODERS[self._images[0].suffix.lower()],
            width=width,
            height=height,
            rotation_deg=0,
            average_fps=self._fps,
            start_s=0.0,
            duration_s=len(self._images) / self._fps,
            num_frames=len(self._images),
        )
        size_bytes = sum(p.stat().st_size for p in self._images)
        return MediaInfo(path=self.name, size_bytes=size_bytes, container="images", audio=(), video=(stream,))

    def key(self) -> str:
        """Return the content key of the images in their order, and of the frame rate."""
        digest = hashlib.sha256(f"images|{self._fps}".encode())
        for image in self._images:
            digest.update(content_key(image).encode())
        return digest.hexdigest()

    def audio_blocks(self, losses: Losses) -> Iterator[AudioBlock]:
        """Yield nothing: images have no sound."""
        return iter(())

    def timestamps(self) -> FrameTimestamps:
        """Return the times of frames at a constant rate."""
        return FrameTimestamps(stamps=np.arange(len(self._images)), unit_s=1 / self._fps, last_duration_s=1 / self._fps)

    def frames(
        self, timestamps: FrameTimestamps, indices: set[int], losses: Losses, *, planar: Collection[int] = ()
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Decode images by index; those that cannot be decoded are missing."""
        for index in sorted(indices.union(planar)):
            self._advance(1 / self._fps)
            try:
                frame = decode_image(self._images[index], max_pixels=self._max_pixels)
            except MediaError as error:
                losses.note(error)
                continue
            yield index, frame


def decode_image(path: Path, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decode one image as RGB uint8 (H, W, 3); transparency is dropped.

    Raises:
        MediaError: `decode_error`; `unreadable`; `over_limit` for more pixels than `max_pixels`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MediaError(SkipCode.UNREADABLE, f"{path}: cannot be read ({error.strerror})") from error
    decoder = av.CodecContext.create(IMAGE_DECODERS[path.suffix.lower()], "r")
    decoder.options = {"max_pixels": str(max_pixels)}
    try:
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except av.error.ArgumentError as error:  # what libav says of sizes, and of nothing else in an image
        raise MediaLimits(max_pixels=max_pixels).exceeded(
            "max_pixels", f"{path}: an image of more than {max_pixels} pixels"
        ) from error
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError(SkipCode.DECODE_ERROR, f"{path}: no image that can be decoded ({error})") from error
    if not frames:
        raise MediaError(SkipCode.DECODE_ERROR, f"{path}: no image that can be decoded")
    pixels: np.ndarray = frames[0].to_ndarray(format="rgb24")
    return pixels


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """Return the parts of a name, numbers by value."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", path.name) if part]
