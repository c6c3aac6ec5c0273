"""One clip: decoded once, cached, released; audio and video apart."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import (
    AudioSpec,
    FrameRequest,
    MediaItem,
    probe,
)
from support import require
from support.media import (
    click,
    cut_file,
    flash,
    onset_s,
    tone,
    write_media,
    write_pcm_wav,
)


def test_each_spec_is_rendered_once_and_the_track_decoded_once(tmp_path, monkeypatch):
    """Asking again costs nothing."""
    from avmeter.media import file_reader

    path = write_pcm_wav(tmp_path / "a.wav", tone(440, 0.5, 16_000, 1.0), 16_000)
    calls = []
    original = file_reader.decode_audio
    monkeypatch.setattr(file_reader, "decode_audio", lambda *a, **k: calls.append(a) or original(*a, **k))
    with MediaItem.open(path) as item:
        first = item.audio(AudioSpec(sample_rate=8000))
        assert item.audio(AudioSpec(sample_rate=8000)) is first
        item.audio(AudioSpec(sample_rate=4000))
        assert len(calls) == 1
        item.release()
        item.audio(AudioSpec())
        assert len(calls) == 2


NATIVE = AudioSpec()


ON_VIDEO = AudioSpec(clock="video")


def code_of(call):
    with pytest.raises(MediaError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize(("video_s", "audio_s"), [(8.0, 3.0), (3.0, 8.0)])
def test_streams_of_different_length_keep_their_own(tmp_path, video_s, audio_s):
    """Durations are those of the streams, never that of the container."""
    path = write_media(tmp_path / "a.mp4", wave=tone(440, 0.5, 48_000, audio_s), frames=flash(1.0, 25, video_s))
    info = probe(path)
    assert info.video[0].duration_s == pytest.approx(video_s, abs=0.01)
    assert info.audio[0].duration_s == pytest.approx(audio_s, abs=0.03)
    with MediaItem.open(path) as item:
        assert item.video_duration_s == pytest.approx(video_s, abs=1e-6)
        assert item.audio_facts.duration_s == pytest.approx(audio_s, abs=0.03)
        assert not item.audio_facts.header_duration_mismatch


def test_video_without_sound_says_what_it_has(tmp_path):
    """The message names the file and its streams."""
    path = write_media(tmp_path / "mute.mp4", frames=flash(1.0, 25, 2.0, 360, 640))
    item = MediaItem.open(path)
    assert not item.has_audio
    with pytest.raises(MediaError) as caught:
        item.audio(NATIVE)
    assert caught.value.code is SkipCode.NO_AUDIO_TRACK
    assert caught.value.message == f"{path}: no audio track (1 video stream, h264, 640x360, 25 fps)"


def test_audio_without_video_says_so(tmp_path):
    """Frames of a sound file are a named skip."""
    path = write_pcm_wav(tmp_path / "a.wav", tone(440, 0.5, 16_000, 1.0), 16_000)
    with MediaItem.open(path) as item:
        assert not item.has_video
        item.add_requests()  # nobody asks for frames: nothing to complain about
        assert code_of(lambda: item.frames(FrameRequest(indices=(0,)))) is SkipCode.NO_VIDEO_TRACK
        assert code_of(lambda: item.frame_times) is SkipCode.NO_VIDEO_TRACK


def test_broken_video_does_not_take_the_audio_along(tmp_path):
    """The sound of a file whose frames are garbage is scored."""
    path = write_media(tmp_path / "a.mkv", wave=tone(440, 0.5, 48_000, 2.0), frames=flash(1.0, 25, 2.0))
    with MediaItem.open(path) as item:
        item._open_video = lambda: (_ for _ in ()).throw(MediaError(SkipCode.DECODE_ERROR, "no frames"))
        assert len(item.audio(ON_VIDEO)) > 90_000


RATES = [8, Fraction(24_000, 1001), 24, 25, Fraction(30_000, 1001), 30, 50, 60]


def brightest_s(item):
    frames = item.frames(FrameRequest(indices=tuple(range(len(item.frame_times))), output="uint8"))
    return item.frame_times[int(np.argmax(np.asarray(frames).mean(axis=(1, 2, 3))))]


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize("shift_s", [-1.0, -0.5, 0.0, 0.5, 1.0])
def test_flash_and_click_are_where_they_were_put(tmp_path, fps, shift_s):
    """Constant rate: the flash within a frame of 1.5 s, the click within 1 ms of 1.5 s + shift."""
    path = tmp_path / "a.mp4"
    wave = click(1.5 + shift_s, 48_000, 3.0)
    write_media(path, wave=wave, frames=flash(1.5, float(fps), 3.0, 32, 48), fps=fps)
    with MediaItem.open(path) as item:
        assert abs(brightest_s(item) - 1.5) < 1 / float(fps)
        assert onset_s(item.audio(ON_VIDEO), 48_000) == pytest.approx(1.5 + shift_s, abs=1e-3)
        assert np.diff(item.frame_times) == pytest.approx(1 / float(fps), abs=2e-5)


@pytest.mark.parametrize("shift_s", [-1.0, -0.5, 0.5, 1.0])
@pytest.mark.parametrize("container", ["mp4", "mkv", "mov", "ts"])
def test_streams_that_start_late_are_placed(tmp_path, shift_s, container):
    """The track that is muxed later is heard or seen later, whichever it is."""
    path = tmp_path / f"a.{container}"
    write_media(
        path,
        wave=click(2.0, 48_000, 4.0),
        frames=flash(2.0, 25, 4.0, 32, 48),
        audio_start_s=max(0.0, shift_s),
        video_start_s=max(0.0, -shift_s),
    )
    with MediaItem.open(path) as item:
        assert abs(brightest_s(item) - 2.0) < 1 / 25
        assert onset_s(item.audio(ON_VIDEO), 48_000) == pytest.approx(2.0 + shift_s, abs=2e-3)


def test_item_says_what_it_is(tmp_path):
    """Its representation names file and streams."""
    path = write_media(tmp_path / "a.mp4", frames=flash(0.1, 25, 1.0))
    assert repr(MediaItem.open(Path(path))) == f"MediaItem('{path}': 1 video stream, h264, 96x64, 25 fps)"
    assert cut_file(path, tmp_path / "b.mp4", 0.5).stat().st_size < path.stat().st_size


@pytest.fixture
def wav(tmp_path):
    return write_pcm_wav(tmp_path / "secret.wav", tone(440, 0.5, 16_000, 1.0), 16_000)


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
