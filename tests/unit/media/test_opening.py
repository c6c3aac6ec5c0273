"""Sources of samples opened as clips, and the keys of their content."""

from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, FrameRequest, content_key, media_key, open_media
from avmeter.sample import MediaSource
from support.media import numbered, silence, tone, write_image_folder, write_media, write_two_audio_tracks


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_media(tmp_path / "a.mp4", wave=tone(440, 0.5, 48_000, 1.0), frames=numbered(25))


def test_bytes_are_read_as_the_file_is(clip: Path) -> None:
    """Samples, frames, times and key are those of the file."""
    request, spec = FrameRequest(indices=(3, 20), output="uint8"), AudioSpec(sample_rate=16_000, clock="video")
    in_memory = MediaSource(data=clip.read_bytes(), label="clip_0001.mp4")
    with open_media(MediaSource(path=clip)) as file, open_media(in_memory) as memory:
        np.testing.assert_array_equal(memory.audio(spec), file.audio(spec))
        np.testing.assert_array_equal(memory.frames(request), file.frames(request))
        assert memory.key == file.key
        assert memory.name == "clip_0001.mp4"
    assert media_key(in_memory) == media_key(MediaSource(path=clip)) == content_key(clip)


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", SkipCode.EMPTY_FILE), (b"hello world" * 50, SkipCode.UNREADABLE), (b"RIFFxxxx", SkipCode.DECODE_ERROR)],
)
def test_bytes_that_are_no_media_have_the_codes_of_files(data: bytes, code: SkipCode) -> None:
    """Empty, unknown and damaged bytes are told apart."""
    with pytest.raises(MediaError) as caught:
        open_media(MediaSource(data=data, label="x.wav"))
    assert caught.value.code is code
    assert caught.value.message.startswith("x.wav: ")


def test_choice_of_a_track_is_part_of_the_key(tmp_path: Path) -> None:
    """Features of one track are not served for the other."""
    waves = [silence(16_000, 1.0), tone(440, 0.5, 16_000, 1.0)]
    path = write_two_audio_tracks(tmp_path / "a.mkv", waves, 16_000, default=0)
    sources = [MediaSource(path=path, audio_stream=choice) for choice in (None, 0, 1)]
    assert len({media_key(s) for s in sources}) == 3
    with open_media(sources[2]) as item:
        assert item.audio_facts.mix_peak == pytest.approx(0.5, abs=1e-3)


def test_arrays_have_audio_video_or_both() -> None:
    """Each part that is there is opened, and counts in the key."""
    audio = MediaSource(samples=np.ones(1600, np.float32), sample_rate=16_000)
    both = MediaSource(samples=audio.samples, sample_rate=16_000, frames=numbered(4), fps=25.0)
    with open_media(audio) as item:
        assert (item.has_audio, item.has_video) == (True, False)
    with open_media(both) as item:
        assert (item.has_audio, item.has_video) == (True, True)
        assert item.key == media_key(both)
    assert media_key(both).startswith(media_key(audio))


def test_frames_without_a_rate_are_a_skip() -> None:
    """Nobody said how fast they are shown."""
    with pytest.raises(MediaError) as caught:
        open_media(MediaSource(frames=numbered(4)))
    assert caught.value.code is SkipCode.NO_FRAME_RATE


def test_folder_of_images_is_a_video(tmp_path: Path) -> None:
    """With a rate it is opened; without images it is a folder like any other."""
    source = MediaSource(path=write_image_folder(tmp_path / "frames", numbered(4)), fps=8.0)
    with open_media(source) as item:
        assert item.video_duration_s == pytest.approx(0.5)
        assert item.key == media_key(source)
    with pytest.raises(MediaError) as caught:
        open_media(MediaSource(path=tmp_path, fps=25.0))
    assert caught.value.code is SkipCode.NOT_A_FILE
