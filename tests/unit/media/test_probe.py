"""What a file says about itself."""

import av

from avmeter.media import probe
from support.media import tone


def test_cover_art_is_no_video_track(tmp_path):
    """A sound file with an attached picture has no video."""

    path = tmp_path / "cover.m4a"
    with av.open(str(path), "w", format="mp4") as out:
        sound = out.add_stream("aac", rate=48_000, layout="mono")
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(tone(440, 0.5, 48_000, 1.0)[None], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        packets = [*sound.encode(frame), *sound.encode(None)]
        packets += [*cover.encode(av.VideoFrame(64, 64, "yuvj420p")), *cover.encode(None)]
        for packet in packets:
            out.mux(packet)
    info = probe(path)
    assert info.video == ()
    assert len(info.audio) == 1
