"""Audio that cannot be measured is a named skip."""

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, MediaItem, require_sound
from support.media import flash, silence, tone, write_empty_wav, write_leaping_audio, write_media, write_pcm_wav

NATIVE = AudioSpec()


ON_VIDEO = AudioSpec(clock="video")


def code_of(call):
    with pytest.raises(MediaError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize("spec", [NATIVE, AudioSpec(sample_rate=32_000, peak_dbfs=-1.0, remove_mean=True)])
def test_wav_without_samples_is_empty_audio(tmp_path, spec):
    """No samples is a named skip, not a crash and not silence."""
    path = write_empty_wav(tmp_path / "empty.wav")
    with MediaItem.open(path) as item:
        assert item.has_audio
        assert item.audio_facts.num_samples == 0
        assert code_of(lambda: item.audio(spec)) is SkipCode.EMPTY_AUDIO
        assert code_of(lambda: require_sound(item)) is SkipCode.EMPTY_AUDIO


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
    """Nothing is left of it on the clock of the video; the track itself is whole."""
    wave = tone(440, 0.5, 48_000, 1.0)
    path = write_media(tmp_path / "a.mkv", wave=wave, frames=flash(1.0, 25, 2.0), video_start_s=3.0)
    with MediaItem.open(path) as item:
        assert item.audio_facts.start_s == pytest.approx(-3.0, abs=0.03)
        assert code_of(lambda: item.audio(ON_VIDEO)) is SkipCode.EMPTY_AUDIO
        assert len(item.audio(NATIVE)) == pytest.approx(48_000, abs=3000)


def test_clock_that_leaps_is_a_skip_where_time_matters(tmp_path):
    """Sound that goes on two hours later is scored by itself, and not beside the video."""
    parts = [tone(440, 0.5, 16_000, 1.0)] * 2
    path = write_leaping_audio(tmp_path / "a.mkv", parts, sample_rate=16_000, starts_s=(0.0, 7200.0))
    with MediaItem.open(path) as item:
        assert len(item.audio(NATIVE)) == 32_000
        with pytest.raises(MediaError, match="jump by 7199 s") as caught:
            item.audio(ON_VIDEO)
    assert caught.value.code is SkipCode.DECODE_ERROR


@pytest.mark.parametrize(("bits", "scale"), [(8, 128), (16, 32_768), (24, 2**23), (32, 2**31)])
def test_floats_on_the_scale_of_integers_are_refused_with_the_factor(bits, scale):
    """A peak far above full scale is no sound: the message has the level and what it looks like."""
    wave = tone(440, 0.48, 16_000, 1.0)
    assert np.abs(MediaItem.from_audio(wave, 16_000).audio(NATIVE)).max() == pytest.approx(0.48, abs=1e-3)
    item = MediaItem.from_audio(wave * np.float32(scale), 16_000)
    with pytest.raises(MediaError, match=rf"dB over full scale: .* integers of {bits} bits, x {scale}") as caught:
        item.audio(NATIVE)
    assert caught.value.code is SkipCode.UNSUPPORTED
    assert caught.value.hint.endswith(f"divide by {scale}")


def test_level_of_an_unknown_scale_is_named():
    """Beyond 32 bits there is no factor to name."""
    item = MediaItem.from_audio(np.full(1000, 1e12), 16_000)
    with pytest.raises(MediaError, match=r"1e\+12 are 240 dB over full scale\n"):
        item.audio(NATIVE)


def test_integers_in_a_float_file_are_refused_too(tmp_path):
    """Files can hold such values as arrays can."""
    path = write_pcm_wav(tmp_path / "a.wav", tone(440, 15_700, 16_000, 1.0), 16_000, "pcm_f32le")
    with MediaItem.open(path) as item, pytest.raises(MediaError, match="84 dB over full scale"):
        require_sound(item)


def test_what_lossy_codecs_overshoot_is_sound():
    """AAC decodes to 1.6 at times, and a hot mix to 4."""
    assert np.abs(MediaItem.from_audio(tone(440, 4.0, 16_000, 1.0), 16_000).audio(NATIVE)).max() > 3.9
