"""Files that nobody vouches for: nothing but the file itself is opened, and every refusal has a code."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, MediaItem, content_key, probe
from support import require
from support.media import cut_file, flash, silence, tone, write_media, write_pcm_wav
from support.privileges import without_root


def code_of(path):
    with pytest.raises(MediaError) as caught:
        probe(path)
    return caught.value.code


@pytest.fixture
def wav(tmp_path):
    return write_pcm_wav(tmp_path / "secret.wav", tone(440, 0.5, 16_000, 1.0), 16_000)


def playlists(target):
    return {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
        "list.ffconcat": f"ffconcat version 1.0\nfile {target}\n",
        "list.wav": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
        "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        "manifest.mpd": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet>'
        f"<Representation><BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>",
        "notes.txt": "hello world\n" * 100,
        "page.mp4": "<html><body>404 not found</body></html>" * 20,
    }


@pytest.mark.parametrize("name", list(playlists("")))
def test_playlists_and_texts_are_not_media(tmp_path, wav, name):
    """What names other files, or holds no media, is refused whatever its suffix."""
    path = tmp_path / name
    path.write_text(playlists(wav)[name])
    assert code_of(path) is SkipCode.UNREADABLE


def test_pictures_and_their_sequences_are_not_media(tmp_path):
    """An image is not a clip, and `%d` in a name is no pattern."""
    png = tmp_path / "frame%d.png"
    png.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    assert code_of(png) is SkipCode.UNREADABLE


def test_urls_and_protocols_are_file_names(tmp_path, wav, monkeypatch):
    """`http:`, `concat:` and the like are names of files that do not exist; nothing connects anywhere."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.mp4"
        for name in (
            url,
            f"concat:{wav}",
            f"file:{wav}",
            f"subfile,,start,0,end,0,,:{wav}",
            "lavfi:sine",
            "-",
            "pipe:0",
        ):
            assert code_of(name) is SkipCode.MISSING_FILE
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    "name",
    [
        "-i.wav",
        "a b.wav",
        "ünïcødé 音.wav",
        "concat:x.wav",
        "100%d.wav",
        "a,b;c&d'e.wav",
        "http:x.wav",
        "x" * 240 + ".wav",
    ],
)
def test_any_file_name_will_do(tmp_path, wav, name, monkeypatch):
    """A name is a name: dashes, colons, spaces, percent signs and scripts of the world."""
    (tmp_path / name).write_bytes(wav.read_bytes())
    monkeypatch.chdir(tmp_path)
    with MediaItem.open(name) as item:
        assert item.audio_facts.num_samples == 16_000


@pytest.mark.parametrize("suffix", ["mp3", "txt", "mp4", ""])
def test_a_wrong_suffix_does_not_matter(tmp_path, wav, suffix):
    """The content says what a file is."""
    path = tmp_path / f"renamed.{suffix}"
    path.write_bytes(wav.read_bytes())
    assert probe(path).container == "wav"


def test_files_that_are_none_have_codes(tmp_path, wav):
    """Missing, folder, fifo, empty: four different things."""
    assert code_of(tmp_path / "absent.wav") is SkipCode.MISSING_FILE
    assert code_of(wav / "below.wav") is SkipCode.MISSING_FILE
    assert code_of(tmp_path) is SkipCode.NOT_A_FILE
    assert code_of("a\0b.wav") is SkipCode.UNREADABLE
    empty = tmp_path / "empty.wav"
    empty.touch()
    assert code_of(empty) is SkipCode.EMPTY_FILE
    os.mkfifo(tmp_path / "pipe.wav")
    assert code_of(tmp_path / "pipe.wav") is SkipCode.NOT_A_FILE


def test_file_without_permission_is_unreadable(open_folder, wav):
    """No permission is told as such."""
    copy = open_folder / "a.wav"
    copy.write_bytes(wav.read_bytes())
    with without_root():
        probe(copy)
    copy.chmod(0)
    with without_root():
        assert code_of(copy) is SkipCode.UNREADABLE


def test_content_key_follows_the_bytes(tmp_path, wav):
    """Same bytes, same key; other bytes under the same name, another key; no file, a code."""
    copy = tmp_path / "copy.wav"
    copy.write_bytes(wav.read_bytes())
    before = content_key(wav)
    assert before == content_key(copy)
    assert len(before) == 64
    write_pcm_wav(wav, tone(441, 0.5, 16_000, 1.0), 16_000)
    assert content_key(wav) != before
    with pytest.raises(MediaError):
        content_key(tmp_path / "absent.wav")


def test_cover_art_is_not_a_picture_track(tmp_path):
    """A sound file with an attached picture has no video."""
    import av

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


def test_corrupt_bytes_in_the_middle_leave_the_rest(tmp_path):
    """Damage inside a stream: what is left is decoded, and the facts tell."""
    path = write_media(
        tmp_path / "a.mp3", wave=tone(440, 0.5, 44_100, 5.0), sample_rate=44_100, audio_codec="libmp3lame"
    )
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(0).integers(0, 256, 3000, np.uint8).tobytes()
    path.write_bytes(data)
    with MediaItem.open(path) as item:
        facts = item.audio_facts
        assert 4.0 < facts.duration_s <= 5.1
        assert np.isfinite(np.asarray(item.audio(AudioSpec()))).all()


@pytest.mark.parametrize("suffix", ["mkv", "avi", "ts", "webm"])
def test_cut_containers_give_what_exists(tmp_path, suffix):
    """A file that ends in the middle is read up to there."""
    codecs = {"webm": ("libvpx-vp9", "libopus")}.get(suffix, ("libx264", "libmp3lame"))
    frames = np.random.default_rng(0).integers(0, 255, (75, 64, 96, 3), np.uint8)
    wave = tone(440, 0.5, 48_000, 3.0)
    whole = tmp_path / f"a.{suffix}"
    write_media(whole, wave=wave, audio_codec=codecs[1], frames=frames, video_codec=codecs[0])
    broken = cut_file(whole, tmp_path / f"b.{suffix}", 0.5)
    with MediaItem.open(broken) as item:
        assert 0.3 < item.audio_facts.duration_s < 2.9
        assert 5 < len(item.frame_times) < 70


def test_nothing_is_printed_about_damaged_files(tmp_path, capfd):
    """libav's own complaints stay out of the terminal."""
    whole = write_media(tmp_path / "a.mkv", wave=silence(48_000, 1.0), frames=flash(0.5, 25, 1.0))
    data = bytearray(whole.read_bytes())
    data[2000:4000] = bytes(2000)
    whole.write_bytes(data)
    with MediaItem.open(whole) as item:
        _ = item.audio_facts, item.frame_times
    assert capfd.readouterr() == ("", "")


def test_opening_leaves_no_file_behind(tmp_path, wav):
    """Descriptors are closed when an item is released."""
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        require.absent("system", "no /proc here")
    before = len(list(folder.iterdir()))
    for _ in range(5):
        with MediaItem.open(wav) as item:
            item.audio(AudioSpec(sample_rate=8000))
    assert len(list(folder.iterdir())) <= before
