"""Damaged and cut files: what exists is decoded, what is lost is noted."""

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, FrameRequest, MediaItem
from support.media import cut_file, flash, silence, tone, write_media

NATIVE = AudioSpec()


def code_of(call):
    with pytest.raises(MediaError) as caught:
        call()
    return caught.value.code


def test_truncated_mp4_is_a_decode_error(tmp_path):
    """A file that lost its index at the end is damaged, and the message says so."""
    whole = write_media(tmp_path / "a.mp4", wave=tone(440, 0.5, 48_000, 4.0), frames=flash(1.0, 25, 4.0))
    broken = cut_file(whole, tmp_path / "b.mp4", 2 / 3)
    assert code_of(lambda: MediaItem.open(broken)) is SkipCode.DECODE_ERROR


def test_truncated_mp4_with_its_index_in_front_gives_what_exists(tmp_path):
    """What was not cut off is decoded; a frame beyond it is a decode error; the facts tell."""
    frames = np.random.default_rng(0).integers(0, 255, (100, 64, 96, 3), np.uint8)
    wave = tone(440, 0.5, 48_000, 4.0)
    whole = write_media(tmp_path / "a.mp4", wave=wave, frames=frames, options={"movflags": "faststart"})
    broken = cut_file(whole, tmp_path / "b.mp4", 0.6)
    with MediaItem.open(broken) as item:
        assert 0.5 < item.audio_facts.duration_s < 3.5
        assert item.audio_facts.header_duration_mismatch
        assert 20 < len(item.frame_times) < 90
        assert item.frames(FrameRequest(indices=(0, 10))).shape == (2, 3, 64, 96)


def test_mp3_with_a_header_that_reports_more_is_flagged(tmp_path):
    """The decoded length counts, not that of the header."""
    path = tmp_path / "whole.mp3"
    write_media(path, wave=tone(440, 0.5, 44_100, 5.0), sample_rate=44_100, audio_codec="libmp3lame", bit_rate=128_000)
    broken = cut_file(path, tmp_path / "half.mp3", 0.5)
    with MediaItem.open(broken) as item:
        assert 2.4 < item.audio_facts.duration_s < 2.55
        assert item.audio_facts.header_duration_s == pytest.approx(5.0, abs=0.1)
        assert item.audio_facts.header_duration_mismatch
        assert len(item.audio(NATIVE)) == item.audio_facts.num_samples


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
