"""Small files that say, or unfold to, far more than they hold: named skips, in the memory and time of a small file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode, UnknownNameError, UsageError
from avmeter.media import AudioSpec, FrameRequest, MediaItem, MediaLimits
from avmeter.media.limits import LIMIT_NAMES
from avmeter.media.opening import open_media
from avmeter.sample import MediaSource
from support import oversized, require
from support.media import numbered, tone, write_leaping_audio, write_media, write_pcm_wav
from support.paths import TESTS

TONE = (8000 * np.sin(np.arange(24_000) / 10)).astype(np.int16)
ALL_FRAMES = FrameRequest(indices=(0,), resize=None, crop=None, output="uint8")

SOUNDS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "2147483647 Hz": (lambda d: oversized.write_wave(d / "a.wav", TONE, 2**31 - 1), "max_sample_rate"),
    "251706240 Hz": (lambda d: oversized.write_au(d / "a.au", TONE, 251_706_240), "max_sample_rate"),
    "1 Hz": (lambda d: oversized.write_wave(d / "a.wav", TONE, 1), "min_sample_rate"),
    "7 Hz": (lambda d: oversized.write_wave(d / "a.wav", TONE, 7), "min_sample_rate"),
    "500 channels": (lambda d: oversized.write_wave(d / "a.wav", TONE, 16_000, num_channels=500), "max_channels"),
    "7 hours": (lambda d: oversized.write_constant_flac(d / "a.flac", 7 * 3600, sample_rate=8000), "max_duration_s"),
}
VIDEOS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "256 million pixels": (lambda d: oversized.write_gif(d / "a.gif", 16_000, 16_000), "max_pixels"),
    "16,000 by 2 pixels": (lambda d: oversized.write_gif(d / "a.gif", 16_000, 2), "max_aspect_ratio"),
    "1e6 fps": (lambda d: oversized.write_y4m(d / "a.y4m", "1000000:1"), "max_fps"),
    "10 minutes a frame": (lambda d: oversized.write_y4m(d / "a.y4m", "1:590", num_frames=60), "max_duration_s"),
}


def refusal(call: Callable[[], object]) -> MediaError:
    with pytest.raises(MediaError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_beyond_a_limit_is_a_skip_that_names_it(tmp_path: Path, name: str) -> None:
    """The reason has what was measured and the limit, the hint the option that raises it."""
    make, limit = SOUNDS[name]
    with MediaItem.open(make(tmp_path)) as item:
        error = refusal(lambda: item.audio(AudioSpec(sample_rate=16_000)))
    assert error.code is SkipCode.OVER_LIMIT
    assert limit in error.message
    assert f"{getattr(MediaLimits(), limit):.12g}" in error.message
    assert f"--limit {limit}=" in error.hint


@pytest.mark.parametrize("name", VIDEOS)
def test_video_beyond_a_limit_is_a_skip_that_names_it(tmp_path: Path, name: str) -> None:
    """Frames are not decoded at all."""
    make, limit = VIDEOS[name]
    with MediaItem.open(make(tmp_path)) as item:
        error = refusal(lambda: item.frames(ALL_FRAMES))
    assert (error.code, limit in error.message) == (SkipCode.OVER_LIMIT, True)


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_image_beyond_a_limit_is_a_skip_that_names_it(tmp_path: Path, kind: str) -> None:
    """Images of a folder of frames are decoded up to the same size."""
    write = oversized.write_png if kind == "png" else oversized.write_webp
    write(tmp_path / f"0.{kind}", 16_000, 16_000)
    error = refusal(lambda: open_media(MediaSource(path=tmp_path, fps=25.0)))
    assert (error.code, "max_pixels" in error.message) == (SkipCode.OVER_LIMIT, True)


def test_arrays_have_the_same_limits() -> None:
    """A rate is no better for coming from a caller."""
    item = MediaItem.from_audio(np.ones(1000, np.float32), 2**31 - 1)
    assert refusal(lambda: item.audio(AudioSpec())).code is SkipCode.OVER_LIMIT


def test_raised_limits_let_the_clip_through(tmp_path: Path) -> None:
    """What a limit refuses is scored where its user says that it is right."""
    path = oversized.write_wave(tmp_path / "a.wav", TONE, 500)
    with MediaItem.open(path, limits=MediaLimits(min_sample_rate=500)) as item:
        assert len(item.audio(AudioSpec(sample_rate=1000))) == 2 * len(TONE)
    video = oversized.write_y4m(tmp_path / "a.y4m", "2000:1")
    with MediaItem.open(video, limits=MediaLimits(max_fps=2000)) as item:
        assert item.frames(ALL_FRAMES).shape[0] == 1


def test_every_limit_can_be_lowered(tmp_path: Path) -> None:
    """An ordinary clip is refused by each limit in turn, under its own name."""
    path = write_media(
        tmp_path / "a.mp4", frames=numbered(25), fps=25, wave=tone(440, 0.5, 16_000, 1.0), sample_rate=16_000
    )
    lowered = {
        "min_sample_rate": 17_000,
        "max_sample_rate": 15_000,
        "max_channels": 0.5,
        "max_pixels": 100,
        "max_aspect_ratio": 1.2,
        "max_fps": 20,
        "max_frames": 20,
        "max_duration_s": 0.5,
        "max_decoded_bytes": 1000,
    }
    assert {*lowered, "max_gap_s"} == set(LIMIT_NAMES)
    for limit, value in lowered.items():
        with MediaItem.open(path, limits=MediaLimits(**{limit: value})) as item:
            sound = limit in ("min_sample_rate", "max_sample_rate", "max_channels")
            error = refusal(lambda: item.audio(AudioSpec()) if sound else item.frames(ALL_FRAMES))  # noqa: B023
        assert (error.code, limit in error.message) == (SkipCode.OVER_LIMIT, True), limit


def test_gaps_in_the_clock_have_an_option(tmp_path: Path) -> None:
    """A gap that is taken for a broken clock is silence under another limit."""
    parts = [tone(440, 0.5, 16_000, 1.0)] * 2
    path = write_leaping_audio(tmp_path / "a.mkv", parts, sample_rate=16_000, starts_s=(0.0, 6.0))
    video_clock = AudioSpec(clock="video")
    with MediaItem.open(path) as item:
        assert len(item.audio(video_clock)) == 7 * 16_000
    with MediaItem.open(path, limits=MediaLimits(max_gap_s=2.0)) as item:
        assert refusal(lambda: item.audio(video_clock)).code is SkipCode.DECODE_ERROR


def test_a_header_that_says_hours_is_no_reason(tmp_path: Path) -> None:
    """What ffmpeg writes into a pipe says that it has 4 GB: what is in it counts."""
    path = write_pcm_wav(tmp_path / "a.wav", tone(440, 0.5, 16_000, 1.0), 16_000)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    with MediaItem.open(path) as item:
        assert len(item.audio(AudioSpec())) == 16_000


@pytest.mark.parametrize("values", [{"max_fps": 0}, {"max_fps": "9"}, {"max_fps": True}, 7])
def test_limits_are_numbers_above_zero(values: object) -> None:
    """A limit of no sense is refused where it is set."""
    with pytest.raises(UsageError):
        MediaLimits.parse(values)  # type: ignore[arg-type]


def test_misspelt_limits_are_refused() -> None:
    """A typing error comes with its near miss."""
    with pytest.raises(UnknownNameError, match="max_fps"):
        MediaLimits.parse({"max_fsp": 5})


_SCRIPT = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from avmeter import create_evaluator
from avmeter.media import MediaItem
from support import oversized
import numpy as np
folder = Path({folder!r})
tone = (8000 * np.sin(np.arange(24_000) / 10)).astype(np.int16)
clips = [
    oversized.write_wave(folder / "a.wav", tone, 2**31 - 1),
    oversized.write_au(folder / "b.au", tone, 251_706_240),
    oversized.write_wave(folder / "d.wav", tone, 16_000),
]
evaluator = create_evaluator(metrics=["audio.loudness"], device="cpu", loader_threads=1)
used = next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmSize")) * 1024
resource.setrlimit(resource.RLIMIT_AS, (used + 500 * 2**20,) * 2)
for row in evaluator.evaluate(samples=[{{"audio": str(c)}} for c in clips]):
    result = row["audio.loudness"]
    print(result.skip.code if result.skip else "scored")
"""


def test_rates_of_gigahertz_end_no_process(tmp_path: Path) -> None:
    """With 500 MB to spare, they are skips, and the clip behind them is scored."""
    if not Path("/proc/self/status").is_file():
        require.absent("system", "no /proc here")
    script = _SCRIPT.format(tests=str(TESTS), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["over_limit", "over_limit", "scored"], done.stderr[-2000:]
