"""Written clips: lossless sound, copied packets, one clock."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import support.media as build
from avmeter.media import AudioSpec, FrameRequest, MediaItem, probe
from avmeter.media.write import fits_mp4, replace_audio, write_audio, write_clip, write_video, write_wav

NATIVE = AudioSpec(sample_rate=None, mixdown="none")
RATE = 24_000
TIMES_S = np.arange(25) / 25


def noise(num_channels: int, duration_s: float = 0.5) -> np.ndarray:
    wave = np.random.default_rng(1).uniform(-0.9, 0.9, (num_channels, round(duration_s * RATE)))
    return wave.astype(np.float32)


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(p) for p in file.demux(getattr(file.streams, kind)[0]) if p.dts is not None]


def sound_of(path: Path) -> np.ndarray:
    with MediaItem.open(path) as item:
        return np.asarray(item.audio(NATIVE)[:, :])


@pytest.mark.parametrize("num_channels", [1, 2, 6])
def test_flac_gives_back_what_24_bits_can_hold(tmp_path: Path, num_channels: int) -> None:
    """Sound is written without loss beyond rounding to 24 bits."""
    wave = noise(num_channels)
    path = write_audio(tmp_path / "a.flac", wave, RATE)
    assert np.abs(sound_of(path) - wave).max() <= 2**-24 * 1.01


def test_sound_in_mp4_is_as_exact_as_in_flac(tmp_path: Path) -> None:
    """The audio beside a video has 24 bits as well."""
    wave = noise(2)
    frames = list(build.numbered(12))
    path = write_clip(tmp_path / "a.mp4", frames, fps=25, samples=wave, sample_rate=RATE)
    assert np.abs(sound_of(path) - wave).max() <= 2**-24 * 1.01


def test_new_audio_leaves_the_packets_of_the_video_alone(tmp_path: Path) -> None:
    """`replace_audio` copies the video byte for byte, and its clock."""
    source = build.write_media(
        tmp_path / "source.mp4", wave=build.tone(440, 0.5, RATE, 1.0), sample_rate=RATE, frames=build.numbered(25)
    )
    path = replace_audio(tmp_path / "new.mp4", source, samples=noise(1, 1.0), sample_rate=RATE)
    assert packets(path, "video") == packets(source, "video")
    with MediaItem.open(path) as made, MediaItem.open(source) as before:
        np.testing.assert_allclose(made.frame_times, before.frame_times, atol=1e-6)


@pytest.mark.parametrize("rotation_deg", [90, 180])
def test_rotated_video_stays_rotated(tmp_path: Path, rotation_deg: int) -> None:
    """The display matrix of a copied video is copied too."""
    source = build.write_media(
        tmp_path / "source.mp4",
        wave=build.tone(440, 0.5, RATE, 0.4),
        sample_rate=RATE,
        frames=build.top_half_white(10, 64, 96),
        rotation_deg=rotation_deg,
    )
    path = replace_audio(tmp_path / "new.mp4", source, samples=noise(1, 0.4), sample_rate=RATE)
    request = FrameRequest(indices=(0,), resize=None, crop=None, output="uint8")
    with MediaItem.open(path) as made, MediaItem.open(source) as before:
        np.testing.assert_array_equal(np.asarray(made.frames(request)[0]), np.asarray(before.frames(request)[0]))


@pytest.mark.parametrize(("audio_start_s", "video_start_s"), [(0.5, 0.0), (0.0, 0.4), (0.0, 0.0)])
def test_audio_and_video_that_start_apart_stay_on_their_clock(
    tmp_path: Path, audio_start_s: float, video_start_s: float
) -> None:
    """Sound that begins after, with or before the video begins there in the copy as well."""
    source = build.write_media(
        tmp_path / "source.mkv",
        wave=build.click(0.6, RATE, 1.0),
        sample_rate=RATE,
        audio_codec="flac",
        audio_start_s=audio_start_s,
        frames=build.numbered(25),
        video_start_s=video_start_s,
    )
    with MediaItem.open(source) as item:
        start_s = item.audio_facts.start_s
        samples = np.asarray(item.audio(NATIVE)[:, :])
    assert start_s == pytest.approx(audio_start_s - video_start_s, abs=0.002)
    copy = replace_audio(tmp_path / "sound.mp4", source, samples=samples, sample_rate=RATE, start_s=start_s)
    other = write_video(
        tmp_path / "video.mp4",
        build.numbered(25),
        fps=25,
        times_s=np.arange(25) / 25,
        audio_of=source,
        start_s=start_s,
    )
    for path in (copy, other):
        with MediaItem.open(path) as item:
            assert item.audio_facts.start_s == pytest.approx(start_s, abs=0.002)
            waveform = np.asarray(item.audio(AudioSpec(sample_rate=None, clock="video"))[:])
            assert build.onset_s(waveform, RATE) == pytest.approx(0.6 + start_s, abs=0.003)


@pytest.mark.parametrize("codec", ["aac", "flac", "libmp3lame"])
def test_new_video_leaves_the_packets_of_the_audio_alone(tmp_path: Path, codec: str) -> None:
    """`write_video` copies the sound byte for byte, whatever its codec, and it decodes to the same samples."""
    source = build.write_media(
        tmp_path / "source.mp4",
        wave=build.tone(440, 0.5, RATE, 1.0),
        sample_rate=RATE,
        audio_codec=codec,
        frames=build.numbered(25),
    )
    assert fits_mp4(source)
    with MediaItem.open(source) as item:
        start_s = item.audio_facts.start_s
    path = write_video(
        tmp_path / "new.mp4", build.numbered(25), fps=25, times_s=TIMES_S, audio_of=source, start_s=start_s
    )
    assert packets(path, "audio") == packets(source, "audio")
    np.testing.assert_array_equal(sound_of(path), sound_of(source))


def test_times_of_frames_are_kept(tmp_path: Path) -> None:
    """A variable frame rate is written as it is."""
    times_s = np.array([0.0, 0.04, 0.2, 0.24, 0.5])
    path = write_clip(tmp_path / "a.mp4", build.numbered(5), fps=10, times_s=times_s)
    with MediaItem.open(path) as item:
        np.testing.assert_allclose(item.frame_times, times_s, atol=1e-4)


def test_packets_are_interleaved(tmp_path: Path) -> None:
    """Audio and video of the same moment lie near each other in the file."""
    path = write_clip(tmp_path / "a.mp4", build.numbered(50), fps=25, samples=noise(1, 2.0), sample_rate=RATE)
    with av.open(str(path)) as file:
        order = [(p.pos, p.stream.type, float(p.dts * p.time_base)) for p in file.demux() if p.dts is not None]
    half = [kind for pos, kind, _ in sorted(order)][: len(order) // 2]
    assert {"audio", "video"} <= set(half)


def test_rate_of_frames_is_in_the_header(tmp_path: Path) -> None:
    """The container says the frame rate that was asked for."""
    path = write_clip(tmp_path / "a.mp4", build.numbered(30), fps=float(Fraction(30000, 1001)))
    assert float(probe(path).video[0].average_fps or 0.0) == pytest.approx(29.97, abs=0.01)


def test_track_that_is_copied_is_the_one_that_is_read(tmp_path: Path) -> None:
    """Of several audio tracks the default one goes beside the new video."""
    waves = [build.silence(RATE, 1.0), build.tone(440, 0.5, RATE, 1.0)]
    source = build.write_two_audio_tracks(tmp_path / "two.mkv", waves, RATE, default=1)
    path = write_video(tmp_path / "new.mkv", build.numbered(25), fps=25, times_s=TIMES_S, audio_of=source)
    assert fits_mp4(source)
    np.testing.assert_array_equal(sound_of(path), sound_of(source))
    assert np.abs(sound_of(path)).max() > 0.4


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that nobody should connect to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


@pytest.mark.parametrize("name", ["http:/127.0.0.1:{port}/x.mp4", "tcp:/127.0.0.1:{port}/x.mp4", "concat:x.mp4"])
def test_names_like_protocols_are_files_here_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: socket.socket, name: str
) -> None:
    """A clip in a folder that is called like a protocol is copied and written like any other, and no host is asked."""
    monkeypatch.chdir(tmp_path)
    source = Path(name.format(port=listener.getsockname()[1]))
    source.parent.mkdir(parents=True, exist_ok=True)
    build.write_media(tmp_path / "x.mp4", wave=build.silence(RATE, 1.0), sample_rate=RATE)  # what `concat:` would take
    build.write_media(
        tmp_path / "own.mp4", frames=build.numbered(25), fps=25, wave=build.tone(440, 0.5, RATE, 1.0), sample_rate=RATE
    )
    (tmp_path / "own.mp4").rename(source)

    assert fits_mp4(source)
    copied = write_video(source.with_name("tcp:a.mp4"), build.numbered(25), fps=25, times_s=TIMES_S, audio_of=source)
    assert np.abs(sound_of(copied)).max() > 0.3
    replaced = replace_audio(source.with_name("tcp:b.mp4"), source, samples=noise(1, 1.0), sample_rate=RATE)
    assert packets(tmp_path / replaced, "video") == packets(tmp_path / source, "video")
    with pytest.raises(TimeoutError):
        listener.accept()


def test_wav_holds_16_bit_and_clips_beyond(tmp_path: Path) -> None:
    """Channel by channel, the length kept to the sample."""
    samples = np.stack([np.linspace(-1.5, 1.5, 1001), np.zeros(1001)]).astype(np.float32)
    with MediaItem.open(write_wav(tmp_path / "a.wav", samples, 8000)) as item:
        found = item.audio(AudioSpec(mixdown="none"))[:]
        assert item.audio_facts.sample_rate == 8000
    np.testing.assert_allclose(found, samples.clip(-1, 1), atol=2**-15)
