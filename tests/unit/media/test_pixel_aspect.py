"""Pixels that are not square are made so before anything is cropped or resized."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from avmeter.media import FrameRequest, MediaItem, probe
from avmeter.media.pixel_aspect import display_width


@pytest.mark.parametrize(
    ("aspect", "width"),
    [
        (None, 144),
        (Fraction(0), 144),
        (Fraction(1), 144),
        (Fraction(64, 45), 204),
        (Fraction(8, 9), 128),
        (Fraction(1001, 1000), 144),
    ],
)
def test_width_is_that_of_square_pixels(aspect: Fraction | None, width: int) -> None:
    """As ffmpeg's `scale=iw*sar:ih`; what is nearly square stays, and so does what is not known."""
    assert display_width(144, aspect) == width


def write_anamorphic(path: Path, pixels: np.ndarray, rotation_deg: int = 0) -> Path:
    """Five times a frame (H, W, 3) with pixels of 64:45."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "5"})
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(64, 45)
        if rotation_deg:
            stream.set_display_rotation(rotation_deg)
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
def test_every_container_carries_the_aspect(tmp_path: Path, suffix: str) -> None:
    """Headers and frames agree."""
    path = write_anamorphic(tmp_path / f"a.{suffix}", np.zeros((96, 144, 3), np.uint8))
    assert (probe(path).video[0].width, probe(path).video[0].height) == (204, 96)
    with MediaItem.open(path) as item:
        assert item.frames(FrameRequest(indices=(0,))).shape == (1, 3, 96, 204)


def test_frame_that_is_turned_is_scaled_before(tmp_path: Path) -> None:
    """The aspect is that of stored pixels: what was wide stands tall."""
    path = write_anamorphic(tmp_path / "a.mp4", np.zeros((96, 144, 3), np.uint8), rotation_deg=90)
    assert (probe(path).video[0].width, probe(path).video[0].height) == (96, 204)
    with MediaItem.open(path) as item:
        assert item.frames(FrameRequest(indices=(0,))).shape == (1, 3, 204, 96)


def test_disc_is_round_on_the_screen(tmp_path: Path) -> None:
    """144 x 96 with pixels of 64:45 is 204 x 96, and an ellipse that was squeezed is a circle."""
    y, x = np.mgrid[:96, :144]
    disc = (((x - 72) * 64 / 45) ** 2 + (y - 48) ** 2 < 30**2)[..., None].repeat(3, axis=-1)
    path = write_anamorphic(tmp_path / "a.mp4", (disc * 255).astype(np.uint8))
    video = probe(path).video[0]
    assert (video.width, video.height) == (204, 96)
    with MediaItem.open(path) as item:
        frame = np.asarray(item.frames(FrameRequest(indices=(0,), output="uint8")))[0]
    assert frame.shape == (3, 96, 204)
    is_white = frame[0] > 127
    width, height = np.ptp(np.flatnonzero(is_white.any(axis=0))), np.ptp(np.flatnonzero(is_white.any(axis=1)))
    assert width == pytest.approx(height, abs=2)
