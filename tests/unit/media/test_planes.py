"""Planes become the RGB that libswscale makes of them, to the last bit, on whatever device."""

from typing import Any

import av
import numpy as np
import pytest
import torch
from av.video.reformatter import VideoReformatter

from avmeter.media import planes
from avmeter.media.orientation import Orientation
from avmeter.media.planes import PlaneCode, planes_of, planes_to_rgb, rgb_of_planes, upright_size
from support import require

MATRICES = {"BT.709": 1, "not said": 2, "FCC": 4, "BT.470BG": 5, "SMPTE 170M": 6, "SMPTE 240M": 7, "BT.2020": 9}
EXACT = require.needs("system", planes.is_exact(), "libswscale rounds otherwise here, and frames travel as RGB")


def decoded(height: int, width: int, *, matrix: int = 2, color_range: int = 0, pixel_format: str = "yuv420p"):
    """A frame of noise, as a decoder gives one."""
    rows = np.random.default_rng(0).integers(0, 256, (height * 3 // 2, width), np.uint8)
    frame = av.VideoFrame.from_ndarray(rows, "yuv420p").reformat(format=pixel_format)
    frame.colorspace, frame.color_range = matrix, color_range
    return frame


def by_libswscale(frame) -> np.ndarray:
    return VideoReformatter().reformat(frame, format="rgb24", threads=1).to_ndarray()


@EXACT
@pytest.mark.parametrize("color_range", [0, 1, 2], ids=["range not said", "limited", "full"])
@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_every_matrix_and_range_is_converted_as_by_libswscale(matrix: int, color_range: int) -> None:
    """All pairs of brightness and colour values, in a width that is no multiple of what processors take at once."""
    values = np.arange(256, dtype=np.uint8)
    rows = np.zeros((768, 518), np.uint8)
    rows[:512] = np.resize(np.repeat(values, 4), (512, 518))
    rows[512:] = np.random.default_rng(matrix).integers(0, 256, (256, 518))
    frame = av.VideoFrame.from_ndarray(rows, "yuv420p")
    frame.colorspace, frame.color_range = matrix, color_range
    np.testing.assert_array_equal(rgb_of_planes(planes_of(frame)), by_libswscale(frame))


@EXACT
@pytest.mark.parametrize("size", [(2, 4), (256, 454), (256, 340), (1080, 1920)])
def test_sizes_that_are_no_multiple_of_anything_are_converted_alike(size: tuple[int, int]) -> None:
    """Lines of decoders are longer than frames are wide."""
    frame = decoded(*size)
    np.testing.assert_array_equal(rgb_of_planes(planes_of(frame)), by_libswscale(frame))


@EXACT
def test_full_range_of_the_older_pixel_format_is_read_as_such() -> None:
    """What JPEG and old files call yuvj420p."""
    frame = decoded(48, 64, pixel_format="yuvj420p", color_range=2)
    rows = planes_of(frame)
    assert PlaneCode.of_row(rows[-1]).is_full_range
    np.testing.assert_array_equal(rgb_of_planes(rows), by_libswscale(frame))


@EXACT
def test_primaries_and_transfer_of_wide_gamuts_change_nothing() -> None:
    """They are left as they are by the conversion to RGB, and so here."""
    frame = decoded(48, 64, matrix=9, color_range=1)
    frame.color_primaries, frame.color_trc = 9, 16
    np.testing.assert_array_equal(rgb_of_planes(planes_of(frame)), by_libswscale(frame))


@pytest.mark.parametrize(
    ("size", "form"),
    [
        ((48, 64), {"pixel_format": "yuv444p"}),
        ((48, 64), {"pixel_format": "yuv420p10le"}),
        ((48, 64), {"pixel_format": "gray"}),
        ((48, 64), {"matrix": 10}),
        ((48, 65), {}),
        ((47, 64), {}),
    ],
    ids=["4:4:4", "10 bits", "grey", "BT.2020 constant luminance", "odd width", "odd height"],
)
def test_other_forms_have_no_planes(size: tuple[int, int], form: dict[str, Any]) -> None:
    """They travel as RGB."""
    height, width = size
    frame = decoded(48, 64, **form) if size == (48, 64) else av.VideoFrame(width, height, "yuv420p")
    assert planes_of(frame) is None


def test_other_arithmetic_of_libswscale_means_no_planes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a build or a processor rounds otherwise, frames are RGB from the start."""
    monkeypatch.setattr(planes, "_by_libswscale", lambda rows, *_: np.zeros((48, 70, 3), np.uint8))
    planes.is_exact.cache_clear()
    try:
        assert planes_of(decoded(48, 64)) is None
    finally:
        monkeypatch.undo()
        planes.is_exact.cache_clear()


@EXACT
@pytest.mark.parametrize("number", range(8))
def test_frames_are_laid_upright_on_the_device(number: int) -> None:
    """In all eight ways."""
    turn = Orientation(swaps_sides=bool(number & 1), mirrors_rows=bool(number & 2), mirrors_columns=bool(number & 4))
    frame = decoded(32, 48)
    rows = planes_of(frame, turn)
    expected = turn.apply(by_libswscale(frame))
    np.testing.assert_array_equal(rgb_of_planes(rows), expected)
    assert upright_size(rows) == expected.shape[:2]


@require.needs("gpu", torch.cuda.is_available(), "no GPU that torch can use")
def test_gpu_converts_as_the_cpu_does() -> None:
    """Integers, so to the last bit."""
    rows = torch.from_numpy(np.stack([planes_of(decoded(256, 454)), planes_of(decoded(256, 454, matrix=1))]))
    for frame, matrix in ((rows[:1], 2), (rows[1:], 1)):
        code = PlaneCode(matrix=matrix, is_full_range=False)
        assert torch.equal(planes_to_rgb(frame.cuda(), code).cpu(), planes_to_rgb(frame, code))
