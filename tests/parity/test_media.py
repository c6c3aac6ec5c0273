"""Waveforms and frames equal those that published harnesses read from the same files.

Tolerances: hashes and soxr are exact (same library); the sinc golden was made with kernels rounded to float32.
"""

import hashlib

import numpy as np
import pytest

from avmeter.media import (
    AudioSpec,
    FrameRequest,
    MediaItem,
    Resize,
    fixed_rate_indices,
    frames_at,
    rounded_rate_indices,
)
from golden import goldenio
from support import require

pytestmark = pytest.mark.media
FASTVIDEO = Resize(short_side=224, interpolation="bicubic", antialias=True, long_side="round", in_="float")
AV_BENCHMARK = Resize(short_side=224, interpolation="bicubic", antialias=True, long_side="int_trunc", in_="uint8")
SHORT_SIDE_SCALE = Resize(short_side=224, interpolation="bilinear", antialias=False, long_side="floor", in_="float")
CLIPS = {
    "ltx2": "ltx2.mp4",
    "3qesir": "3qesirWAGt4_20000_30000.mp4",
    "ZYc": "ZYc410CE4Rg_0_10000.mp4",
}


def golden(name):
    return np.load(require.golden(f"{name}.npz"))


def clip(name):
    return MediaItem.open(require.media(name))


def sha256(frames):
    return hashlib.sha256(np.ascontiguousarray(np.asarray(frames).transpose(0, 2, 3, 1))).hexdigest()


def test_frames_are_those_of_published_decoders():
    """Pixels at native size are bit for bit those that PyAV's rgb24 and decord give."""
    with clip("ltx2.mp4") as item:
        every = tuple(range(len(item.frame_times)))
        frames = item.frames(FrameRequest(indices=every, output="uint8"))
    assert sha256(frames) == str(golden("synchformer")["ltx2_fv/frames_sha256"])


@pytest.mark.parametrize(("name", "duration_s"), [("ltx2", 5), ("3qesir", 8), ("ZYc", 8)])
def test_frames_at_25_fps_are_those_of_the_fps_filter(name, duration_s):
    """Rounding to ticks picks the frames that ffmpeg's `fps=25` picks."""
    with clip(CLIPS[name]) as item:
        indices = rounded_rate_indices(item.frame_times, 25.0, item.video_duration_s)[: 25 * duration_s]
        frames = item.frames(FrameRequest(indices=tuple(indices), output="uint8"))
        assert sha256(frames) == str(golden("synchformer")[f"{name}_avb/frames_sha256"])


@pytest.mark.parametrize(("name", "duration_s"), [("ltx2", 5), ("3qesir", 8), ("ZYc", 8)])
def test_av_benchmark_pixels(name, duration_s):
    """Bytes resized as torchvision does; exact, since both call the same kernel."""
    with clip(CLIPS[name]) as item:
        indices = rounded_rate_indices(item.frame_times, 25.0, item.video_duration_s)[: 25 * duration_s]
        frames = item.frames(FrameRequest(indices=tuple(indices), resize=AV_BENCHMARK, crop="center_round"))
    worst, _ = goldenio.check(golden("synchformer"), f"{name}_avb/pixels", (frames - 0.5) / 0.5)
    assert worst <= 2e-6


def test_fastvideo_pixels():
    """Floats resized without clamping, nearest-below frames at 25 fps."""
    with clip("ltx2.mp4") as item:
        indices = fixed_rate_indices(item.frame_times, 25.0, item.video_duration_s)
        frames = item.frames(FrameRequest(indices=tuple(indices), resize=FASTVIDEO, crop="center_floor"))
    worst, _ = goldenio.check(golden("synchformer"), "ltx2_fv/pixels", (frames - 0.5) / 0.5)
    assert worst <= 1e-5
    assert frames.min() < 0


def test_imagebind_pixels():
    """ShortSideScale, then three crops of the resized frame."""
    mean = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)[:, None, None]
    std = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)[:, None, None]
    npz = golden("imagebind")
    with clip("ltx2.mp4") as item:
        indices = npz["ltx2_pinned_sampler/frame_indices"].reshape(-1)
        frames = np.asarray(item.frames(FrameRequest(indices=tuple(indices), resize=SHORT_SIDE_SCALE)))
    frames = (frames - mean) / std
    width = frames.shape[-1]
    offsets = (0, -(-(width - 224) // 2), width - 224)
    crops = np.stack([frames[2 * i : 2 * i + 2, :, :, o : o + 224] for i in range(5) for o in offsets])
    worst, _ = goldenio.check(npz, "ltx2_pinned_sampler/pixels", crops.transpose(0, 2, 1, 3, 4)[None])
    assert worst <= 2e-5


def test_soxr_waveform_is_that_of_librosa():
    """Stereo mean, soxr_hq to 32 kHz, peak at -1 dBFS: as librosa gives it to FastVideo's PaSST."""
    with clip("ltx2.wav") as item:
        wave = item.audio(AudioSpec(sample_rate=32_000, resampler="soxr_hq", peak_dbfs=-1.0))
    worst, _ = goldenio.check(golden("passt"), "ltx2_fv/wave_unpadded", wave)
    assert worst <= 1e-6


def test_sinc_waveform_is_that_of_torchaudio():
    """Mean over channels, mean removed, sinc to 32 kHz: as torchaudio gives it to av-benchmark's PaSST."""
    with clip("ltx2.wav") as item:
        wave = item.audio(AudioSpec(sample_rate=32_000, resampler="sinc", remove_mean=True))
    padded = np.zeros(320_000, np.float32)
    padded[: len(wave)] = wave
    worst, _ = goldenio.check(golden("passt"), "ltx2_avb/wave", padded)
    assert worst <= 1e-5


@pytest.mark.parametrize(
    ("case", "name", "max_duration_s"),
    [("ltx2_avb", "ltx2.wav", 5), ("ltx2_fv", "ltx2.wav", None), ("3qesir_avb", CLIPS["3qesir"], 8)],
)
def test_sinc_waveform_at_16_khz(case, name, max_duration_s):
    """What Synchformer reads, from a WAV or from the sound track of an mp4."""
    with clip(name) as item:
        wave = item.audio(AudioSpec(sample_rate=16_000, resampler="sinc", max_duration_s=max_duration_s))
    worst, _ = goldenio.check(golden("synchformer"), f"{case}/wave16k", wave)
    assert worst <= 1e-5


def test_one_pass_serves_all_requests():
    """Frames of announced requests are the same as when asked for alone."""
    one = FrameRequest(indices=(3, 0, 3), resize=FASTVIDEO, crop="center_floor")
    two = FrameRequest(indices=(5,), resize=AV_BENCHMARK, crop="center_round", output="uint8")
    with clip("ltx2.mp4") as together, clip("ltx2.mp4") as alone:
        together.add_requests(one, two)
        np.testing.assert_array_equal(together.frames(one), alone.frames(one))
        np.testing.assert_array_equal(together.frames(two), alone.frames(two))
        np.testing.assert_array_equal(together.frames(one)[0], together.frames(one)[2])
        assert frames_at(together.frame_times, np.array([1 / 24])).tolist() == [1]
