"""Frames stand as they do on the screen."""

import av
import numpy as np
import pytest

from avmeter.media import FrameRequest, MediaItem, probe
from support import require
from support.media import top_half_white, write_media


@require.needs(
    "codecs", hasattr(av.video.stream.VideoStream, "set_display_rotation"), "this PyAV cannot write display matrices"
)
@pytest.mark.parametrize("rotation_deg", [90, -90, 180])
def test_rotated_video_stands_upright(tmp_path, rotation_deg):
    """Frames are turned by the display matrix: the upper half on the screen is white."""
    upright = top_half_white(10, 128, 96) if rotation_deg != 180 else top_half_white(10, 96, 128)
    upright[:, upright.shape[1] // 2 :, upright.shape[2] // 2 :] = 128  # left and right differ below
    # A decoder turns counter-clockwise by rotation_deg, so what is stored is turned the other way.
    stored = np.rot90(upright, -rotation_deg // 90, axes=(1, 2))
    path = write_media(tmp_path / "r.mp4", frames=stored, rotation_deg=rotation_deg)
    info = probe(path)
    assert (info.video[0].height, info.video[0].width) == upright.shape[1:3]
    assert info.video[0].rotation_deg == -rotation_deg % 360
    with MediaItem.open(path) as item:
        frame = item.frames(FrameRequest(indices=(0,)))[0]
    assert frame.shape == (3, *upright.shape[1:3])
    half, middle = frame.shape[1] // 2, frame.shape[2] // 2
    assert frame[:, : half - 2].min() > 0.9
    assert frame[:, half + 2 :, : middle - 2].max() < 0.1
    assert frame[:, half + 2 :, middle + 2 :].mean() == pytest.approx(0.5, abs=0.05)


def test_mirrored_video_is_mirrored_back():
    """A display matrix that flips left and right is applied."""
    from avmeter.media.orientation import Orientation

    frame = np.arange(6).reshape(2, 3)
    assert Orientation(mirrors_columns=True).apply(frame).tolist() == [[2, 1, 0], [5, 4, 3]]
    assert Orientation(mirrors_rows=True).apply(frame).tolist() == [[3, 4, 5], [0, 1, 2]]
    assert Orientation(swaps_sides=True, mirrors_columns=True).apply(frame).tolist() == np.rot90(frame, -1).tolist()
    assert Orientation(swaps_sides=True, mirrors_rows=True).apply(frame).tolist() == np.rot90(frame, 1).tolist()
