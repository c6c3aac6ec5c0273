"""Waveforms by spec: order of steps, levels, cuts, the clock of the video."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from avmeter.media import AudioSpec, MediaItem
from avmeter.media.audio_decode import AudioBlock
from avmeter.media.audio_track import collect_audio_track
from avmeter.media.packets import Losses
from avmeter.media.waveform import render
from support import require
from support.media import click, flash, onset_s, tone, write_media


def noise(num_samples, num_channels=1, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal((num_samples, num_channels))).astype(np.float32)


def track_of(samples, rate, block=5000):
    channels = {1: ("FC",), 2: ("FL", "FR")}[samples.shape[1]]
    parts = [samples[i : i + block] for i in range(0, len(samples), block)]
    blocks = [AudioBlock(samples=p, sample_rate=rate, channels=channels, time_s=None) for p in parts]
    return collect_audio_track(blocks, Losses(), sample_rate=rate, num_channels=samples.shape[1])


@pytest.mark.parametrize("resampler", ["soxr_hq", "sinc"])
def test_order_of_mixing_and_resampling_changes_only_rounding(resampler):
    """Both are linear."""
    item = MediaItem.from_audio(noise(40_000, 2).T, 48_000)
    specs = [AudioSpec(sample_rate=16_000, resampler=resampler, order=o) for o in ("mix_first", "resample_first")]
    assert np.asarray(item.audio(specs[0])) == pytest.approx(np.asarray(item.audio(specs[1])), abs=1e-6)


def test_sound_below_the_normal_numbers_is_not_raised():
    """A peak that float32 holds with few digits, or whose inverse it cannot hold, stays as it is."""
    wave = np.full(8000, 1e-42, np.float32)
    found = np.asarray(MediaItem.from_audio(wave, 8000).audio(AudioSpec(peak_dbfs=-1.0)))
    np.testing.assert_array_equal(found, wave)


def test_peak_is_where_it_was_asked_for():
    """The largest value is at the requested level, after the cut."""
    wave = np.concatenate([tone(440, 0.1, 16_000, 1.0), tone(440, 0.8, 16_000, 1.0)])
    item = MediaItem.from_audio(wave, 16_000)
    whole = np.asarray(item.audio(AudioSpec(peak_dbfs=-1.0)))
    assert np.abs(whole).max() == pytest.approx(10 ** (-1 / 20), rel=1e-6)
    first = np.asarray(item.audio(AudioSpec(peak_dbfs=-1.0, max_duration_s=1.0)))
    assert len(first) == 16_000
    assert np.abs(first).max() == pytest.approx(10 ** (-1 / 20), rel=1e-6)


def test_mean_is_removed_over_the_whole_track():
    """The mean of what is left may differ from 0, that of the track does not."""
    wave = np.concatenate([np.full(16_000, 0.2), np.full(16_000, 0.4)]).astype(np.float32)
    item = MediaItem.from_audio(wave, 16_000)
    found = np.asarray(item.audio(AudioSpec(remove_mean=True, max_duration_s=1.0)))
    assert found == pytest.approx(-0.1, abs=1e-6)


def test_large_waveform_reads_by_slices_like_an_array():
    """Above the limit the waveform is on disk and reads the same."""
    track, weights = track_of(noise(100_000, 2), 48_000), np.full(2, 0.5, np.float32)
    for spec in (AudioSpec(peak_dbfs=-3.0), AudioSpec(mixdown="none", peak_dbfs=-3.0), AudioSpec(sample_rate=16_000)):
        small, large = render(track, spec, weights), render(track, spec, weights, limit_bytes=1000)
        assert not isinstance(large, np.ndarray)
        assert large.shape == small.shape
        assert len(large) == len(small)
        np.testing.assert_array_equal(np.asarray(large), small)
        if small.ndim == 2:
            np.testing.assert_array_equal(large[:, 500:700], small[:, 500:700])
            np.testing.assert_array_equal(large[1, 500:700], small[1, 500:700])
            np.testing.assert_array_equal(large[0], small[0])
        else:
            np.testing.assert_array_equal(large[500:700], small[500:700])


@require.needs("system", Path("/proc/self/status").exists(), "peak memory is read from /proc")
def test_long_sound_stays_in_bounded_memory(tmp_path):
    """Ten minutes of stereo at 48 kHz (230 MB as float32) are read in a small part of that."""
    path = tmp_path / "long.wav"
    minute = (np.random.default_rng(0).standard_normal((48_000 * 60, 2)) * 3000).astype("<i2").tobytes()
    header = b"RIFF" + (36 + 10 * len(minute)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    header += (1).to_bytes(2, "little") + (2).to_bytes(2, "little") + (48_000).to_bytes(4, "little")
    header += (192_000).to_bytes(4, "little") + (4).to_bytes(2, "little") + (16).to_bytes(2, "little")
    header += b"data" + (10 * len(minute)).to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(header)
        for _ in range(10):
            file.write(minute)
    code = (
        "import sys, numpy, soxr, av\n"
        "from pathlib import Path\n"
        "from avmeter.media import AudioSpec, MediaItem\n"
        "def peak_kb():\n"
        "    lines = Path('/proc/self/status').read_text().splitlines()\n"
        "    return next(int(line.split()[1]) for line in lines if line.startswith('VmHWM'))\n"
        "before = peak_kb()\n"
        "with MediaItem.open(sys.argv[1]) as item:\n"
        "    wave = item.audio(AudioSpec(sample_rate=8_000, peak_dbfs=-1.0))\n"
        "    assert wave.shape == (10 * 60 * 8_000,), wave.shape\n"
        "    assert abs(wave[-1000:]).max() > 0\n"
        "print(peak_kb() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 < 140 * 2**20


NATIVE = AudioSpec()


ON_VIDEO = AudioSpec(clock="video")


def test_late_sound_is_placed_on_the_clock_of_the_video(tmp_path):
    """A click at 2.0 s of a track that starts 0.5 s late is heard at 2.5 s."""
    wave = click(2.0, 48_000, 4.0)
    path = write_media(tmp_path / "late.mp4", wave=wave, audio_start_s=0.5, frames=flash(1.0, 25, 4.0))
    with MediaItem.open(path) as item:
        assert item.audio_facts.start_s == pytest.approx(0.4787, abs=1e-3)
        assert onset_s(item.audio(ON_VIDEO), 48_000) == pytest.approx(2.5, abs=1e-3)
        assert onset_s(item.audio(NATIVE), 48_000) == pytest.approx(2.021, abs=1e-3)


def test_hole_in_a_track_becomes_silence_on_the_clock_of_the_video(tmp_path):
    """Samples after missing time stamps are heard when the time stamps say."""
    from avmeter.media.audio_decode import AudioBlock
    from avmeter.media.audio_track import collect_audio_track
    from avmeter.media.mixdown import channel_weights
    from avmeter.media.packets import Losses
    from avmeter.media.waveform import render

    ones = np.ones((1000, 1), np.float32)
    blocks = [
        AudioBlock(samples=ones, sample_rate=1000, channels=("FC",), time_s=t) for t in (10.5, 11.5, 13.0, 14.001)
    ]
    track = collect_audio_track(blocks, Losses(), sample_rate=1000, num_channels=1, video_start_s=10.0)
    assert track.facts.gaps == ((2000, 500),)
    wave = render(track, ON_VIDEO, channel_weights(("FC",)))
    assert len(wave) == 5000
    assert not wave[:500].any()
    assert wave[500:2500].all()
    assert not wave[2500:3000].any()
    assert wave[3000:].all()
    assert len(render(track, AudioSpec(), channel_weights(("FC",)))) == 4000
