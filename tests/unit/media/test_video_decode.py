"""Every video format that people have: frame i is frame i."""

import gc

import av
import numpy as np
import pytest

from avmeter.media import FrameRequest, MediaItem, Resize
from support import require
from support.media import numbered, write_media


def needs_encoder(codec):
    try:
        av.Codec(codec, "w")
    except av.codec.codec.UnknownCodecError:
        require.absent("codecs", f"this libav cannot write {codec}")


VIDEO_FORMATS = [
    ("libx264", "mp4", "yuv420p"),
    ("libx264", "mkv", "yuv444p"),
    ("libx264", "mp4", "yuv420p10le"),
    ("libx265", "mp4", "yuv420p"),
    ("libvpx", "webm", "yuv420p"),
    ("libvpx-vp9", "webm", "yuv420p"),
    ("mpeg4", "avi", "yuv420p"),
    ("mjpeg", "avi", "yuvj420p"),
    ("ffv1", "mkv", "yuv420p"),
    ("libx264", "ts", "yuv420p"),
    ("mpeg2video", "ts", "yuv420p"),
    ("libx264", "flv", "yuv420p"),
    ("gif", "gif", "rgb8"),
]


@pytest.mark.parametrize(("codec", "suffix", "pixel_format"), VIDEO_FORMATS, ids=lambda v: str(v))
def test_every_frame_is_the_one_asked_for(tmp_path, codec, suffix, pixel_format):
    """Frame i is frame i, in any order, repeated or not, with its time."""
    needs_encoder(codec)
    path = tmp_path / f"a.{suffix}"
    write_media(path, frames=numbered(60), fps=25, video_codec=codec, pixel_format=pixel_format, gop=12)
    with MediaItem.open(path) as item:
        assert item.frame_times == pytest.approx(np.arange(60) / 25, abs=1.1e-3)
        requested = (59, 0, 30, 31, 30, 7)
        frames = np.asarray(item.frames(FrameRequest(indices=requested, output="uint8"))).astype(float)
        assert frames.shape == (6, 3, 64, 96)
        levels = frames.mean(axis=(1, 2, 3))
    tolerance = 24 if codec == "gif" else 2  # a palette is coarse; neighbours are 4 apart
    assert np.abs(levels - (10 + 4 * np.array(requested))).max() <= tolerance


NOISE = np.random.default_rng(0).integers(0, 256, (6, 60, 81, 3), np.uint8)


def test_odd_portrait_sizes_are_kept(tmp_path):
    """Sizes with odd sides come back as they are, and resize by their short side."""
    path = write_media(tmp_path / "a.mkv", frames=NOISE.swapaxes(1, 2)[:, :, :59], pixel_format="yuv444p")
    with MediaItem.open(path) as item:
        assert item.frames(FrameRequest(indices=(0,))).shape == (1, 3, 81, 59)
        found = item.frames(FrameRequest(indices=(0,), resize=Resize(short_side=32), crop="center_floor"))
        assert found.shape == (1, 3, 32, 32)


def test_decoded_frames_are_let_go_one_by_one(tmp_path):
    """None waits for the garbage collector: at 1080p three megabytes would stay for every frame."""
    path = write_media(tmp_path / "a.mp4", frames=numbered(30))
    gc.collect()
    gc.disable()
    try:
        with MediaItem.open(path) as item:
            item.frames(FrameRequest(indices=tuple(range(30)), output="uint8"))
        alive = sum(type(o) is av.VideoFrame for o in gc.get_objects())
    finally:
        gc.enable()
    assert alive <= 2


MATRICES = {"bt709": (0.2126, 0.0722), "bt2020nc": (0.2627, 0.0593), "smpte170m": (0.299, 0.114)}


@pytest.mark.parametrize("matrix", list(MATRICES))
def test_colours_are_converted_by_the_tagged_matrix(tmp_path, matrix):
    """A flat frame of R, G, B = 192, 48, 32 comes back, whatever matrix turned it into limited-range YUV."""
    red, green, blue = np.array([192, 48, 32]) / 255
    weight_red, weight_blue = MATRICES[matrix]
    luma = weight_red * red + (1 - weight_red - weight_blue) * green + weight_blue * blue
    chroma = (blue - luma) / (2 * (1 - weight_blue)), (red - luma) / (2 * (1 - weight_red))
    planes = np.round([16 + 219 * luma, *(128 + 224 * c for c in chroma)]).astype(np.uint8)
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        options = {"crf": "1", "x264-params": f"colormatrix={matrix}:range=tv"}
        stream = out.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv444p"
        pixels = np.broadcast_to(planes[:, None, None], (3, 64, 64)).copy()
        for _ in range(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="yuv444p")))
        out.mux(stream.encode(None))
    with MediaItem.open(path) as item:
        frame = np.asarray(item.frames(FrameRequest(indices=(1,), output="uint8")))[0]
    assert np.abs(frame.mean(axis=(1, 2)) - [192, 48, 32]).max() <= 4
