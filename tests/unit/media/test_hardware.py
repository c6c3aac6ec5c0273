"""Frames by a decoder outside libav are those of libav; whatever it does not decode, or not alike, libav decodes."""

import av
import numpy as np
import pytest

from avmeter.media.advance import unwatched
from avmeter.media.hardware import CodedStream, coded_packets
from avmeter.media.packets import Losses
from avmeter.media.timestamps import read_timestamps
from avmeter.media.video_decode import decode_frames
from support.hardware import PlayedDecoder
from support.media import cut_file, numbered, write_media

CODECS = [("libx264", "mp4", "h264"), ("libx264", "ts", "h264"), ("libx264", "mkv", "h264"), ("libx265", "mp4", "hevc"),
          ("libvpx-vp9", "webm", "vp9")]  # fmt: skip
NOISE = np.random.default_rng(0).integers(0, 256, (24, 64, 96, 3), np.uint8)


def decoded(path, hardware=None, planar=(), indices=()):
    stamps = read_timestamps(path, {}).stamps
    losses = Losses()
    found = decode_frames(path, stamps, set(indices), losses, planar=set(planar), hardware=hardware)
    return [(index, pixels.copy()) for index, pixels in found]


def assert_alike(path, hardware, **frames):
    ours, theirs = decoded(path, hardware, **frames), decoded(path, **frames)
    assert [(index, pixels.ndim) for index, pixels in ours] == [(index, pixels.ndim) for index, pixels in theirs]
    for (_, our), (_, their) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(our, their)


@pytest.mark.parametrize(("encoder", "suffix", "codec"), CODECS, ids=lambda v: str(v))
def test_frames_are_those_of_libav(tmp_path, encoder, suffix, codec):
    """Planes and RGB, of some frames or all, in the order of showing, where frames refer to later ones too."""
    path = write_media(tmp_path / f"a.{suffix}", frames=NOISE, video_codec=encoder, gop=12)
    hardware = PlayedDecoder()
    assert_alike(path, hardware, planar=range(24), indices=[0, 3, 23])
    assert_alike(path, hardware, planar=[5, 17], indices=[6])
    assert hardware.refusals == []
    assert hardware.streams == [CodedStream(codec=codec, height=64, width=96)] * 2


def test_turned_and_full_range_frames_are_those_of_libav(tmp_path):
    """Orientation and range come from libav's own first frame."""
    turned = write_media(tmp_path / "turned.mp4", frames=NOISE, rotation_deg=90)
    full = write_media(tmp_path / "full.mp4", frames=NOISE, pixel_format="yuvj420p")
    hardware = PlayedDecoder()
    for path in (turned, full):
        assert_alike(path, hardware, planar=range(24), indices=[0, 11])
    assert hardware.refusals == []
    assert len(hardware.streams) == 2


def test_libav_goes_on_where_it_ends(tmp_path):
    """After a refusal in the middle, frames that did not come are decoded by libav, and the others come once."""
    path = write_media(tmp_path / "a.mp4", frames=NOISE)
    hardware = PlayedDecoder(fails_at=15)
    assert_alike(path, hardware, planar=range(24), indices=[2, 20])
    assert hardware.refusals == ["the card has gone"]


def test_pixels_that_differ_are_not_taken(tmp_path):
    """A decoder whose first frame is another by one step is not used for that file."""

    def changed(frame):
        frame[5, 7] ^= 1
        return frame

    path = write_media(tmp_path / "a.mp4", frames=NOISE)
    hardware = PlayedDecoder(changes=changed)
    assert_alike(path, hardware, planar=range(24))
    assert hardware.refusals == ["the first frame is not that of libav"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"pixel_format": "yuv444p"}, "frames are 96x64 yuv444p"),
        ({"pixel_format": "yuv420p10le"}, "frames are 96x64 yuv420p10le"),
        ({"video_codec": "mpeg4"}, "the codec is mpeg4"),
    ],
    ids=["4:4:4", "10 bits", "codec"],
)
def test_other_forms_are_left_to_libav(tmp_path, options, reason):
    """What the arithmetic of planes does not know is refused before a packet is read."""
    path = write_media(tmp_path / "a.mp4", frames=NOISE, **options)
    hardware = PlayedDecoder()
    assert_alike(path, hardware, indices=range(24))
    assert hardware.refusals == [reason]
    assert hardware.streams == []


def test_fields_and_oblong_pixels_are_left_to_libav(tmp_path):
    """A card would mix fields, and pixels that are not square are scaled by libav."""
    refusals = []
    for name, options, aspect in (
        ("fields", {"flags": "+ildct+ilme", "x264-params": "tff=1"}, None),
        ("oblong", {}, 2),
    ):
        path = tmp_path / f"{name}.mp4"
        with av.open(str(path), "w") as out:
            stream = out.add_stream("libx264", rate=25, options=options)
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            if aspect:
                stream.codec_context.sample_aspect_ratio = aspect
            for image in NOISE:
                out.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
            out.mux(stream.encode())
        hardware = PlayedDecoder()
        assert_alike(path, hardware, planar=range(24))
        refusals += hardware.refusals
    assert refusals == ["frames are of two fields", "pixels are not square"]


def test_file_that_is_cut_off_ends_with_libav(tmp_path):
    """What is left of it, and what is missing, are the same."""
    whole = write_media(tmp_path / "a.mkv", frames=NOISE)
    path = cut_file(whole, tmp_path / "cut.mkv", 0.6)
    hardware = PlayedDecoder()
    assert_alike(path, hardware, planar=range(len(read_timestamps(path, {}).stamps)))
    assert len(hardware.refusals) <= 1


def test_packets_end_with_the_last_that_is_asked_for(tmp_path):
    """Of a long file that is sampled at its beginning, the rest is not sent."""
    path = write_media(tmp_path / "a.mp4", frames=NOISE, gop=12)
    stamps = read_timestamps(path, {}).stamps
    some = list(coded_packets(path, {int(stamps[0]), int(stamps[4])}, {}, 1 << 20, unwatched))
    assert len(some) < 12
    assert some[-1].is_requested
    assert sum(packet.is_requested for packet in some) == 2
    hardware = PlayedDecoder()
    assert_alike(path, hardware, planar=[0, 4])
    assert hardware.refusals == []


def test_numbered_frames_keep_their_numbers(tmp_path):
    """Frame i is frame i."""
    path = write_media(tmp_path / "a.mp4", frames=numbered(40), gop=10)
    found = decoded(path, PlayedDecoder(), indices=[0, 9, 10, 39])
    assert [index for index, _ in found] == [0, 9, 10, 39]
    assert [pixels.mean() for _, pixels in found] == pytest.approx([10, 46, 50, 166], abs=2)
