"""Every audio format that people have, decoded to the same samples."""

import av
import numpy as np
import pytest

from avmeter.media import AudioSpec, MediaItem, probe
from support import require
from support.media import flash, tone, write_media, write_pcm_wav

# codec, suffix, rates, tolerance of the RMS
FORMATS = [
    ("pcm_u8", "wav", (8000, 48_000), 0.01),
    ("pcm_s16le", "wav", (8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000), 1e-3),
    ("pcm_s24le", "wav", (44_100, 192_000), 1e-3),
    ("pcm_s32le", "wav", (48_000,), 1e-3),
    ("pcm_f32le", "wav", (48_000,), 1e-3),
    ("pcm_f64le", "wav", (48_000,), 1e-3),
    ("flac", "flac", (16_000, 96_000), 1e-3),
    ("libmp3lame", "mp3", (16_000, 44_100), 0.02),
    ("vorbis", "ogg", (44_100,), 0.02),
    ("libopus", "opus", (48_000,), 0.02),
    ("libopus", "webm", (48_000,), 0.02),
    ("aac", "m4a", (16_000, 44_100, 96_000), 0.02),
    ("aac", "mkv", (48_000,), 0.02),
    ("pcm_s16le", "mov", (48_000,), 1e-3),
    ("pcm_alaw", "wav", (8000,), 0.02),
    ("alac", "m4a", (44_100,), 1e-3),
    ("ac3", "ac3", (48_000,), 0.02),
    ("pcm_s16be", "aiff", (44_100,), 1e-3),
    ("pcm_s16le", "avi", (44_100,), 1e-3),
]


CASES = [(c, s, r, t) for c, s, rates, t in FORMATS for r in rates]


def needs_encoder(codec):
    try:
        av.Codec(codec, "w")
    except av.codec.codec.UnknownCodecError:
        require.absent("codecs", f"this libav cannot write {codec}")


@pytest.mark.parametrize(("codec", "suffix", "rate", "tolerance"), CASES, ids=lambda v: str(v))
def test_tone_survives(tmp_path, codec, suffix, rate, tolerance):
    """A stereo tone of 0.5 keeps its rate, channels, length, level and place."""
    needs_encoder(codec)
    wave = np.stack([tone(440, 0.5, rate, 1.0), tone(440, 0.25, rate, 1.0)])
    path = write_media(tmp_path / f"a.{suffix}", wave=wave, sample_rate=rate, audio_codec=codec)
    info = probe(path)
    assert (info.audio[0].sample_rate, info.audio[0].num_channels) == (rate, 2)
    with MediaItem.open(path) as item:
        facts = item.audio_facts
        assert facts.duration_s == pytest.approx(1.0, abs=0.06)
        assert not facts.header_duration_mismatch
        found = np.asarray(item.audio(AudioSpec(mixdown="none")))
        assert found.dtype == np.float32
        assert found.shape == (2, facts.num_samples)
        middle = found[:, rate // 4 : 3 * rate // 4]
        assert np.sqrt((middle**2).mean(axis=1)) == pytest.approx([0.3535, 0.1768], abs=max(tolerance, 2e-3))
        mono = np.asarray(item.audio(AudioSpec()))
        assert mono == pytest.approx(found.mean(axis=0), abs=1e-6)


@pytest.mark.parametrize(("num_channels", "layout"), [(1, "mono"), (2, "stereo"), (6, "5.1"), (8, "7.1")])
def test_channels_come_back_in_order(tmp_path, num_channels, layout):
    """Channel c of a WAV holds what was written to channel c."""
    levels = 0.1 * np.arange(1, num_channels + 1)
    wave = np.stack([tone(440, level, 48_000, 0.5) for level in levels])
    path = write_media(tmp_path / "a.wav", wave=wave, audio_codec="pcm_f32le", layout=layout)
    with MediaItem.open(path) as item:
        assert item.audio_facts.channel_peaks == pytest.approx(levels, rel=1e-3)
        found = np.asarray(item.audio(AudioSpec(mixdown="none")))
        assert found == pytest.approx(wave, abs=1e-6)
        assert np.asarray(item.audio(AudioSpec(mixdown="first"))) == pytest.approx(wave[0], abs=1e-6)


def test_24_bit_wav_keeps_its_precision(tmp_path):
    """A tone 100 dB down is there in 24 bits."""
    path = write_pcm_wav(tmp_path / "a.wav", tone(440, 1e-5, 48_000, 1.0), 48_000, "pcm_s24le")
    with MediaItem.open(path) as item:
        assert item.audio_facts.channel_peaks[0] == pytest.approx(1e-5, rel=0.02)


NATIVE = AudioSpec()


def test_unsigned_8_bit_wav(tmp_path):
    """Unsigned bytes are centred and scaled: peak 0.5, no offset."""
    path = write_pcm_wav(tmp_path / "u8.wav", tone(440, 0.5, 16_000, 2.0), 16_000, "pcm_u8")
    with MediaItem.open(path) as item:
        wave = np.asarray(item.audio(NATIVE))
    assert np.abs(wave).max() == pytest.approx(0.5, abs=0.01)
    assert np.sqrt(np.mean(wave**2)) == pytest.approx(0.3535, abs=0.002)
    assert abs(wave.mean()) < 0.002


def test_sound_above_full_scale_is_not_clipped(tmp_path):
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
