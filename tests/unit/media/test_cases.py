"""Inputs that break evaluation tools, and the right answer."""

import av
import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, FrameRequest, MediaItem, probe, require_sound
from support import require
from support.media import (
    click,
    cut_file,
    flash,
    onset_s,
    silence,
    tone,
    top_half_white,
    write_empty_wav,
    write_media,
    write_pcm_wav,
)

NATIVE = AudioSpec()
ON_PICTURE = AudioSpec(clock="picture")


def code_of(call):
    with pytest.raises(MediaError) as caught:
        call()
    return caught.value.code


def test_late_sound_is_placed_on_the_clock_of_the_picture(tmp_path):
    """A click at 2.0 s of a track that starts 0.5 s late is heard at 2.5 s."""
    wave = click(2.0, 48_000, 4.0)
    path = write_media(tmp_path / "late.mp4", wave=wave, audio_start_s=0.5, frames=flash(1.0, 25, 4.0))
    with MediaItem.open(path) as item:
        assert item.audio_facts.start_s == pytest.approx(0.4787, abs=1e-3)
        assert onset_s(item.audio(ON_PICTURE), 48_000) == pytest.approx(2.5, abs=1e-3)
        assert onset_s(item.audio(NATIVE), 48_000) == pytest.approx(2.021, abs=1e-3)


@pytest.mark.parametrize(("video_s", "audio_s"), [(8.0, 3.0), (3.0, 8.0)])
def test_streams_of_different_length_keep_their_own(tmp_path, video_s, audio_s):
    """Durations are those of the streams, never that of the container."""
    path = write_media(tmp_path / "a.mp4", wave=tone(440, 0.5, 48_000, audio_s), frames=flash(1.0, 25, video_s))
    info = probe(path)
    assert info.video[0].duration_s == pytest.approx(video_s, abs=0.01)
    assert info.audio[0].duration_s == pytest.approx(audio_s, abs=0.03)
    with MediaItem.open(path) as item:
        assert item.picture_duration_s == pytest.approx(video_s, abs=1e-6)
        assert item.audio_facts.duration_s == pytest.approx(audio_s, abs=0.03)
        assert not item.audio_facts.header_duration_mismatch


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


def test_video_without_sound_says_what_it_has(tmp_path):
    """The message names the file and its streams."""
    path = write_media(tmp_path / "mute.mp4", frames=flash(1.0, 25, 2.0, 360, 640))
    item = MediaItem.open(path)
    assert not item.has_audio
    with pytest.raises(MediaError) as caught:
        item.audio(NATIVE)
    assert caught.value.code is SkipCode.NO_AUDIO_TRACK
    assert caught.value.message == f"{path}: no audio track (1 video stream, h264, 640x360, 25 fps)"


def test_sound_without_picture_says_so(tmp_path):
    """Frames of a sound file are a named skip."""
    path = write_pcm_wav(tmp_path / "a.wav", tone(440, 0.5, 16_000, 1.0), 16_000)
    with MediaItem.open(path) as item:
        assert not item.has_video
        assert code_of(lambda: item.frames(FrameRequest(indices=(0,)))) is SkipCode.NO_VIDEO_TRACK
        assert code_of(lambda: item.frame_times) is SkipCode.NO_VIDEO_TRACK


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


def test_mp3_with_a_header_that_promises_more_is_flagged(tmp_path):
    """The decoded length counts, not that of the header."""
    path = tmp_path / "whole.mp3"
    write_media(path, wave=tone(440, 0.5, 44_100, 5.0), sample_rate=44_100, audio_codec="libmp3lame", bit_rate=128_000)
    broken = cut_file(path, tmp_path / "half.mp3", 0.5)
    with MediaItem.open(broken) as item:
        assert 2.4 < item.audio_facts.duration_s < 2.55
        assert item.audio_facts.header_duration_s == pytest.approx(5.0, abs=0.1)
        assert item.audio_facts.header_duration_mismatch
        assert len(item.audio(NATIVE)) == item.audio_facts.num_samples


def test_unsigned_8_bit_wav(tmp_path):
    """Unsigned bytes are centred and scaled: peak 0.5, no offset."""
    path = write_pcm_wav(tmp_path / "u8.wav", tone(440, 0.5, 16_000, 2.0), 16_000, "pcm_u8")
    with MediaItem.open(path) as item:
        wave = np.asarray(item.audio(NATIVE))
    assert np.abs(wave).max() == pytest.approx(0.5, abs=0.01)
    assert np.sqrt(np.mean(wave**2)) == pytest.approx(0.3535, abs=0.002)
    assert abs(wave.mean()) < 0.002


@pytest.mark.parametrize("spec", [NATIVE, AudioSpec(sample_rate=32_000, peak_dbfs=-1.0, remove_mean=True)])
def test_wav_without_samples_is_empty_audio(tmp_path, spec):
    """No samples is a named skip, not a crash and not silence."""
    path = write_empty_wav(tmp_path / "empty.wav")
    with MediaItem.open(path) as item:
        assert item.has_audio
        assert item.audio_facts.num_samples == 0
        assert code_of(lambda: item.audio(spec)) is SkipCode.EMPTY_AUDIO
        assert code_of(lambda: require_sound(item)) is SkipCode.EMPTY_AUDIO


def test_sound_above_full_scale_is_kept(tmp_path):
    """Float decoding does not clip; the overshoot is counted."""
    path = write_media(tmp_path / "loud.mp4", wave=tone(440, 1.6, 48_000, 2.0), frames=flash(1.0, 25, 2.0))
    with MediaItem.open(path) as item:
        assert np.abs(item.audio(NATIVE)).max() > 1.5
        assert item.audio_facts.channel_peaks[0] > 1.5
        assert item.audio_facts.num_over_full_scale > 300
    path = write_pcm_wav(tmp_path / "loud.wav", tone(440, 1.6, 48_000, 2.0), 48_000, "pcm_f32le")
    with MediaItem.open(path) as item:
        assert np.abs(item.audio(NATIVE)).max() == pytest.approx(1.6, abs=1e-3)
        assert item.audio_facts.num_over_full_scale == np.count_nonzero(np.abs(tone(440, 1.6, 48_000, 2.0)) > 1)


def test_stereo_in_antiphase_is_phase_cancelled(tmp_path):
    """A mix that cancels is a named skip; one channel is still to be had."""
    left = tone(440, 0.5, 48_000, 2.0)
    path = write_pcm_wav(tmp_path / "anti.wav", np.stack([left, -left]), 48_000)
    with MediaItem.open(path) as item:
        facts = item.audio_facts
        assert facts.phase_cancelled
        assert facts.channel_rms == pytest.approx((0.3535, 0.3535), abs=1e-3)
        assert code_of(lambda: item.audio(NATIVE)) is SkipCode.PHASE_CANCELLED
        assert code_of(lambda: require_sound(item)) is SkipCode.PHASE_CANCELLED
        assert np.abs(item.audio(AudioSpec(mixdown="first"))).max() == pytest.approx(0.5, abs=1e-3)


def test_true_silence_is_not_phase_cancelled(tmp_path):
    """Silence decodes as silence; only who requires sound gets a skip."""
    path = write_pcm_wav(tmp_path / "s.wav", np.stack([silence(48_000, 1.0)] * 2), 48_000)
    with MediaItem.open(path) as item:
        assert not item.audio_facts.phase_cancelled
        wave = np.asarray(item.audio(AudioSpec(peak_dbfs=-1.0)))
        assert wave.shape == (48_000,)
        assert not wave.any()
        assert code_of(lambda: require_sound(item)) is SkipCode.SILENT


@pytest.mark.parametrize(("channel", "expected"), [("FC", 0.5 * 0.7071), ("FL", 0.25), ("BL", 0.25 * 0.7071)])
def test_surround_is_mixed_by_itu_weights(tmp_path, channel, expected):
    """5.1: the centre comes out at 0.707, a front side at 0.5, a surround at 0.354."""
    wave = np.zeros((6, 96_000), np.float32)
    wave[["FL", "FR", "FC", "LFE", "BL", "BR"].index(channel)] = tone(440, 0.5, 48_000, 2.0)
    path = write_media(tmp_path / "a.m4a", wave=wave, bit_rate=384_000)
    with MediaItem.open(path) as item:
        assert item.audio_facts.num_channels == 6
        middle = np.asarray(item.audio(NATIVE))[24_000:72_000]
    assert np.abs(middle).max() == pytest.approx(expected, rel=0.03)


def test_surround_with_sound_only_in_the_low_frequency_channel_is_silent(tmp_path):
    """LFE is dropped: the mix is silent, and the message says why."""
    wave = np.zeros((6, 96_000), np.float32)
    wave[3] = tone(60, 0.5, 48_000, 2.0)
    path = write_pcm_wav(tmp_path / "lfe.wav", wave, 48_000)
    with MediaItem.open(path) as item:
        assert not item.audio_facts.phase_cancelled
        assert not np.asarray(item.audio(NATIVE)).any()
        with pytest.raises(MediaError, match="only the low-frequency channel") as caught:
            require_sound(item)
    assert caught.value.code is SkipCode.SILENT


def test_non_finite_samples_are_counted(tmp_path):
    """NaN in a float WAV is a named skip with its number."""
    wave = tone(440, 0.5, 16_000, 1.0)
    wave[100:103] = np.nan
    wave[200] = np.inf
    path = write_pcm_wav(tmp_path / "nan.wav", wave, 16_000, "pcm_f32le")
    with MediaItem.open(path) as item:
        assert item.audio_facts.num_non_finite == 4
        assert item.audio_facts.channel_peaks[0] == pytest.approx(0.5, abs=1e-3)
        with pytest.raises(MediaError, match="4 of 16000 audio samples") as caught:
            item.audio(NATIVE)
    assert caught.value.code is SkipCode.NON_FINITE


def test_sound_that_ends_before_the_first_frame_is_empty_on_its_clock(tmp_path):
    """Nothing is left of it on the clock of the picture; the track itself is whole."""
    wave = tone(440, 0.5, 48_000, 1.0)
    path = write_media(tmp_path / "a.mkv", wave=wave, frames=flash(1.0, 25, 2.0), video_start_s=3.0)
    with MediaItem.open(path) as item:
        assert item.audio_facts.start_s == pytest.approx(-3.0, abs=0.03)
        assert code_of(lambda: item.audio(ON_PICTURE)) is SkipCode.EMPTY_AUDIO
        assert len(item.audio(NATIVE)) == pytest.approx(48_000, abs=3000)


def test_broken_picture_does_not_take_the_sound_along(tmp_path):
    """The sound of a file whose frames are garbage is scored."""
    path = write_media(tmp_path / "a.mkv", wave=tone(440, 0.5, 48_000, 2.0), frames=flash(1.0, 25, 2.0))
    with MediaItem.open(path) as item:
        item._find_times = lambda: (_ for _ in ()).throw(MediaError(SkipCode.DECODE_ERROR, "no frames"))
        assert len(item.audio(ON_PICTURE)) > 90_000
