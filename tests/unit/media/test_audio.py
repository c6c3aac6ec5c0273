"""Waveforms by spec: streaming equals one shot, order of steps, levels, arrays."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soxr
import torch

from avmeter.dsp.resample import resample
from avmeter.errors import MediaError, SkipCode, UsageError
from avmeter.media import AudioSpec, MediaItem, array_key
from avmeter.media import audio as media_audio
from avmeter.media.audio import render
from avmeter.media.decode import Losses, SoundBlock
from avmeter.media.track import collect_track
from support import require
from support.media import silence, tone, write_pcm_wav

RATES = [(48_000, 16_000), (44_100, 16_000), (16_000, 48_000), (24_000, 32_000), (11_025, 16_000), (22_050, 44_100)]


def noise(num_points, num_channels=1, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal((num_points, num_channels))).astype(np.float32)


def track_of(points, rate, block=5000):
    channels = {1: ("FC",), 2: ("FL", "FR")}[points.shape[1]]
    parts = [points[i : i + block] for i in range(0, len(points), block)]
    blocks = [SoundBlock(points=p, sample_rate=rate, channels=channels, time_s=None) for p in parts]
    return collect_track(blocks, Losses(), sample_rate=rate, num_channels=points.shape[1])


@pytest.mark.parametrize(("native", "rate"), RATES)
@pytest.mark.parametrize("num_points", [1, 100, 70_001, 200_000])
def test_soxr_by_blocks_equals_one_shot(native, rate, num_points):
    """Streaming gives every value of libsoxr's HQ, and librosa's length."""
    points = noise(num_points)
    found = np.asarray(render(track_of(points, native), AudioSpec(sample_rate=rate), np.ones(1, np.float32)))
    expected = soxr.resample(points[:, 0], native, rate, "HQ")
    assert len(found) == -(-num_points * rate // native)
    shared = min(len(found), len(expected))
    np.testing.assert_array_equal(found[:shared], expected[:shared])
    assert not found[shared:].any()


@pytest.mark.parametrize(("native", "rate"), RATES)
@pytest.mark.parametrize("num_points", [1, 30_001])
def test_sinc_by_blocks_equals_one_shot(native, rate, num_points, monkeypatch):
    """Cuts do not show: what blocks give is what the whole waveform gives."""
    monkeypatch.setattr(media_audio, "_SINC_POINTS", 8192)
    points = noise(num_points, 2)
    spec = AudioSpec(sample_rate=rate, resampler="sinc", mixdown="none")
    found = np.asarray(render(track_of(points, native), spec, np.full(2, 0.5, np.float32)))
    expected = resample(torch.from_numpy(points.T.copy()), sample_rate=native, to_rate=rate).numpy()
    assert found.shape == expected.shape
    assert found == pytest.approx(expected, abs=1e-7)


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
    """The largest value is at the given level, after the cut."""
    wave = np.concatenate([tone(440, 0.1, 16_000, 1.0), tone(440, 0.8, 16_000, 1.0)])
    item = MediaItem.from_audio(wave, 16_000)
    whole = np.asarray(item.audio(AudioSpec(peak_dbfs=-1.0)))
    assert np.abs(whole).max() == pytest.approx(10 ** (-1 / 20), rel=1e-6)
    first = np.asarray(item.audio(AudioSpec(peak_dbfs=-1.0, max_duration_s=1.0)))
    assert len(first) == 16_000
    assert np.abs(first).max() == pytest.approx(10 ** (-1 / 20), rel=1e-6)


def test_mean_is_removed_over_the_whole_track():
    """The mean of what is kept may differ from 0, that of the track does not."""
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


@pytest.mark.parametrize("shape", [(2, 1000), (1000, 2)])
def test_the_shorter_axis_is_the_channels(shape):
    """(C, N) and (N, C) are told apart."""
    item = MediaItem.from_audio(np.zeros(shape, np.float32), 16_000)
    assert item.audio_facts.num_channels == 2
    assert item.audio_facts.num_samples == 1000


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [("uint8", 192, 0.5), ("int16", 16_384, 0.5), ("int32", 2**30, 0.5), ("float16", 0.5, 0.5), ("float64", 1.5, 1.5)],
)
def test_pcm_arrays_have_their_full_scale(dtype, value, expected):
    """Integers are PCM, floats are taken as they are."""
    wave = MediaItem.from_audio(np.full(100, value, dtype), 16_000).audio(AudioSpec())
    assert np.asarray(wave) == pytest.approx(expected)


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 3, 4), np.float32), np.zeros(10, np.int64), np.zeros((3000, 2000), np.float32), np.zeros(5, bool)],
)
def test_arrays_that_are_no_sound_are_refused(array):
    """Unknown scale or shape is a named skip."""
    with pytest.raises(MediaError) as caught:
        MediaItem.from_audio(array, 16_000)
    assert caught.value.code is SkipCode.UNSUPPORTED


@pytest.mark.parametrize("rate", [0, -1, 16_000.5, None])
def test_rates_that_are_none_are_refused(rate):
    """A rate is a whole positive number."""
    with pytest.raises(MediaError):
        MediaItem.from_audio(silence(16_000, 1.0), rate)


def test_empty_array_is_empty_audio():
    """No points: a track that is empty."""
    item = MediaItem.from_audio(np.empty(0, np.float32), 16_000)
    with pytest.raises(MediaError) as caught:
        item.audio(AudioSpec(sample_rate=8000))
    assert caught.value.code is SkipCode.EMPTY_AUDIO


@pytest.mark.parametrize(
    "options",
    [{"mixdown": "median"}, {"clock": "wall"}, {"resampler": "linear"}, {"sample_rate": 0}, {"max_duration_s": 0.0}],
)
def test_malformed_specs_are_refused_at_birth(options):
    """A spec with an unknown choice cannot be made."""
    with pytest.raises(UsageError):
        AudioSpec(**options)


def test_array_key_follows_content_and_rate():
    """Values, type, shape and rate all count; memory layout does not."""
    wave = noise(100, 2)
    keys = {array_key(wave, 16_000), array_key(wave, 8000), array_key(wave.T, 16_000), array_key(wave * 2, 16_000)}
    assert len(keys) == 4
    assert array_key(np.asfortranarray(wave), 16_000) == array_key(wave, 16_000)
    assert array_key(np.empty(0), 1) != array_key(np.zeros(1), 1)


def test_each_spec_is_rendered_once_and_the_track_decoded_once(tmp_path, monkeypatch):
    """Asking again costs nothing."""
    from avmeter.media import item as media_item

    path = write_pcm_wav(tmp_path / "a.wav", tone(440, 0.5, 16_000, 1.0), 16_000)
    calls = []
    original = media_item.sound_blocks
    monkeypatch.setattr(media_item, "sound_blocks", lambda *a: calls.append(a) or original(*a))
    with MediaItem.open(path) as item:
        first = item.audio(AudioSpec(sample_rate=8000))
        assert item.audio(AudioSpec(sample_rate=8000)) is first
        item.audio(AudioSpec(sample_rate=4000))
        assert len(calls) == 1
        item.release()
        item.audio(AudioSpec())
        assert len(calls) == 2


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
