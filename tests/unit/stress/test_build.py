"""Variants as files: untouched streams stay untouched, clocks stay, nothing is written beside the source."""

from __future__ import annotations

import hashlib
import os
import wave
from pathlib import Path

import av
import numpy as np
import pytest

import support.media as build
from avmeter.errors import MediaError, SkipCode
from avmeter.media import AudioSpec, FrameRequest, MediaItem
from avmeter.stress import audio, video
from avmeter.stress.build import build_variant
from avmeter.stress.variants import Variant, variants_of

RATE = 24_000
NATIVE = AudioSpec(sample_rate=None, mixdown="none")
SOUND = variants_of(audio.DAMAGES)
PICTURE = variants_of(video.DAMAGES)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    sound = np.stack([build.click(0.5, RATE, 1.0), build.tone(440, 0.3, RATE, 1.0)])
    return build.write_media(
        folder / "clip one.mp4", wave=sound, sample_rate=RATE, audio_codec="flac", frames=build.numbered(25)
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def picture_hash(path: Path) -> str:
    with av.open(str(path)) as file:
        frames = [f.to_ndarray(format="rgb24").tobytes() for f in file.decode(video=0)]
    return hashlib.sha256(b"".join(frames)).hexdigest()


def sound_of(path: Path) -> np.ndarray:
    with MediaItem.open(path) as item:
        return np.asarray(item.audio(NATIVE)[:, :])


def pixels(path: Path) -> np.ndarray:
    """(T, 3, H, W), levels."""
    with MediaItem.open(path) as item:
        number = len(item.frame_times)
        frames = item.frames(FrameRequest(indices=tuple(range(number)), resize=None, crop=None, output="uint8"))
        return np.stack([np.asarray(frames[i], np.float32) for i in range(number)])


def greys(path: Path) -> np.ndarray:
    return pixels(path).mean(axis=(1, 2, 3))


@pytest.mark.parametrize("variant", SOUND, ids=lambda v: v.slug)
def test_damaged_sound_leaves_the_picture_alone(variant: Variant, source: Path, out: Path) -> None:
    """The decoded picture is that of the source, its times too, and the file is the same for the same seed."""
    first = build_variant(variant, source, out, seed=3)
    before = first.path.read_bytes()
    again = build_variant(variant, source, out, seed=3)
    assert sound_of(first.path).shape == sound_of(source).shape
    assert again.path.read_bytes() == before
    assert picture_hash(first.path) == picture_hash(source)
    assert first.path.stat().st_size < 20 * source.stat().st_size
    assert first.note
    assert list(source.parent.iterdir()) == [source]


@pytest.mark.parametrize("variant", PICTURE, ids=lambda v: v.slug)
def test_damaged_picture_leaves_the_sound_alone(variant: Variant, source: Path, out: Path) -> None:
    """The decoded sound is that of the source, and starts where it did."""
    made = build_variant(variant, source, out, seed=3).path
    np.testing.assert_array_equal(sound_of(made), sound_of(source))
    with MediaItem.open(made) as item:
        assert item.audio_facts.start_s == pytest.approx(0.0, abs=0.002)


def test_picture_damage_does_what_it_says(source: Path, out: Path) -> None:
    """Frames are told apart by their grey value."""
    plain = greys(source)
    made = {v.name: build_variant(v, source, out).path for v in PICTURE}
    np.testing.assert_allclose(greys(made["frozen"]), plain[0], atol=2)
    assert sorted(np.round(greys(made["shuffled"]) / 4)) == pytest.approx(sorted(np.round(plain / 4)), abs=1)
    assert np.abs(greys(made["shuffled"]) - plain).max() > 10
    held = np.isclose(np.diff(greys(made["dropped_frames"])), 0, atol=1.5)
    assert 0 < held.mean() < 0.5
    np.testing.assert_allclose(greys(made["black"]), 0, atol=2)
    with MediaItem.open(made["wrong_fps"]) as item:
        assert item.frame_times[-1] == pytest.approx(24 / 25 / 1.2, abs=1e-3)


def test_damage_of_a_codec_is_its_own(tmp_path: Path, out: Path) -> None:
    """A higher rate factor makes a smaller file and frames further from the original's."""
    noise = np.random.default_rng(2).integers(0, 256, (10, 64, 96, 3)).astype(np.uint8)
    source = build.write_media(tmp_path / "detailed.mp4", frames=noise)
    sizes, errors = [], []
    for dose in video.DAMAGES["h264"].doses:
        path = build_variant(Variant(name="h264", dose=dose), source, out).path
        sizes.append(path.stat().st_size)
        errors.append(float(np.abs(pixels(path) - pixels(source)).mean()))
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)
    assert len(set(sizes)) == 3


def test_mirrored_picture_is_left_for_right(tmp_path: Path, out: Path) -> None:
    """White on the left goes to the right."""
    frames = np.zeros((5, 64, 96, 3), np.uint8)
    frames[:, :, :48] = 255
    source = build.write_media(tmp_path / "a.mp4", frames=frames)
    path = build_variant(Variant(name="mirrored"), source, out).path
    with MediaItem.open(path) as item:
        frame = np.asarray(item.frames(FrameRequest(indices=(0,), resize=None, crop=None, output="uint8"))[0])
    assert frame[:, :, :40].mean() < 10
    assert frame[:, :, 56:].mean() > 245


def test_delay_is_heard_on_the_clock_of_the_picture(tmp_path: Path, out: Path) -> None:
    """A click of a track that starts late comes later by the dose, and no more."""
    source = build.write_media(
        tmp_path / "late.mkv",
        wave=build.click(0.2, RATE, 2.0),
        sample_rate=RATE,
        audio_codec="flac",
        audio_start_s=0.3,
        frames=build.numbered(50),
    )
    made = build_variant(Variant(name="delay", dose=0.4), source, out).path
    with MediaItem.open(made) as item:
        heard = np.asarray(item.audio(AudioSpec(sample_rate=None, clock="video"))[:])
    assert build.onset_s(heard, RATE) == pytest.approx(0.9, abs=0.003)


def test_clip_without_picture_becomes_flac(tmp_path: Path, out: Path) -> None:
    """Sound alone is written as sound alone, without loss."""
    source = build.write_pcm_wav(tmp_path / "a.wav", build.tone(440, 0.3, RATE, 0.5), RATE)
    made = build_variant(Variant(name="reversed"), source, out).path
    assert made.suffix == ".flac"
    np.testing.assert_allclose(sound_of(made), sound_of(source)[:, ::-1], atol=2**-23)


def test_clips_of_one_stem_do_not_overwrite_each_other(tmp_path: Path, out: Path) -> None:
    """`a/x.wav` and `b/x.wav` are two clips."""
    paths = []
    for folder, frequency in (("a", 300), ("b", 500)):
        (tmp_path / folder).mkdir()
        source = build.write_pcm_wav(tmp_path / folder / "x.wav", build.tone(frequency, 0.3, RATE, 0.2), RATE)
        paths.append(build_variant(Variant(name="reversed"), source, out).path)
    assert paths[0] != paths[1]


def test_unrelated_is_the_sound_of_the_other_clip(source: Path, tmp_path: Path, out: Path) -> None:
    """Its samples, at the rate and length of the clip."""
    other = build.write_pcm_wav(tmp_path / "other.wav", build.tone(880, 0.3, RATE, 3.0), RATE)
    made = build_variant(Variant(name="unrelated"), source, out, other=other).path
    np.testing.assert_allclose(sound_of(made)[0], sound_of(other)[0, :RATE], atol=2**-15)


def test_damage_that_a_clip_cannot_take_is_a_skip(tmp_path: Path, out: Path) -> None:
    """No picture, no other clip, no text: a code and a reason, not a stand-in."""
    source = build.write_pcm_wav(tmp_path / "a.wav", build.tone(440, 0.3, RATE, 0.5), RATE)
    for name in ("mirrored", "unrelated", "wrong_words"):
        with pytest.raises(MediaError) as caught:
            build_variant(Variant(name=name, dose=0.5), source, out)
        assert caught.value.code in (SkipCode.MISSING_INPUT, SkipCode.NO_VIDEO_TRACK)


def test_audio_over_full_scale_is_in_the_note(tmp_path: Path, out: Path) -> None:
    """Samples that the file format clips are counted in the note."""
    source = build.write_pcm_wav(tmp_path / "a.wav", build.tone(440, 0.9, RATE, 0.5), RATE)
    assert "clipped at full scale" in build_variant(Variant(name="noise", dose=-10.0), source, out).note


@pytest.mark.parametrize("dose", [0.25, 0.5, 1.0])
def test_wrong_words_replaces_the_stated_share(dose: float, source: Path, out: Path) -> None:
    """The clip stays; so many words of the text are others."""
    text = "one two three four five six seven eight"
    made = build_variant(Variant(name="wrong_words", dose=dose), source, out, texts={"reference_text": text})
    assert made.path == source
    changed = sum(a != b for a, b in zip(text.split(), made.texts["reference_text"].split(), strict=True))
    assert changed == round(8 * dose)


@pytest.mark.parametrize("layout", ["mono", "2.1", "3.0", "4.0", "quad", "5.0", "5.1", "5.1(side)", "6.1", "7.1"])
@pytest.mark.parametrize("has_video", [False, True])
def test_channels_of_a_variant_are_those_of_the_clip(tmp_path: Path, out: Path, layout: str, has_video: bool) -> None:
    """By name, since loudness weighs them by name; also where MP4 knows no such layout."""
    num_channels = av.AudioLayout(layout).nb_channels
    sound = np.stack([build.tone(220 * (i + 1), 0.1, RATE, 0.5) for i in range(num_channels)])
    path = build.write_media(
        tmp_path / "clip.mkv", wave=sound, sample_rate=RATE, audio_codec="flac", layout=layout,
        frames=build.numbered(12) if has_video else None,
    )  # fmt: skip
    built = build_variant(variants_of(["low_volume"])[0], path, out)
    with MediaItem.open(path) as before, MediaItem.open(built.path) as after:
        assert after.audio_facts.layout == before.audio_facts.layout
    np.testing.assert_allclose(sound_of(built.path), sound_of(path) / 10, atol=1e-6)


@pytest.mark.parametrize("num_channels", [9, 32])
def test_more_channels_than_flac_takes_are_a_skip(tmp_path: Path, out: Path, num_channels: int) -> None:
    """With both numbers, and nothing is written."""
    path = tmp_path / "clip.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((num_channels, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * num_channels * RATE // 4))
    with pytest.raises(MediaError, match=f"{num_channels} channels.* FLAC, which takes 8") as error:
        build_variant(variants_of(["silence"])[0], path, out)
    assert error.value.code is SkipCode.UNSUPPORTED
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["\U0001f3b5" * 62, "x" * 251, "é" * 125])
def test_clip_of_the_longest_name_has_variants(tmp_path: Path, out: Path, name: str) -> None:
    """File systems count bytes; what is cut off is told apart by the mark of the clip."""
    path = build.write_media(tmp_path / f"{name}.wav", wave=build.tone(440, 0.1, RATE, 0.2), audio_codec="pcm_s16le")
    assert build_variant(variants_of(["silence"])[0], path, out).path.is_file()


def test_variant_that_cannot_be_encoded_is_a_skip(source: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But a folder that takes no files ends the command: no other clip would fare better."""

    def fail(code: int) -> None:
        def write(*_: object, **__: object) -> None:
            raise av.error.OSError(code, os.strerror(code))

        monkeypatch.setattr("avmeter.stress.build.replace_audio", write)

    fail(22)
    with pytest.raises(MediaError, match="cannot be encoded") as error:
        build_variant(variants_of(["silence"])[0], source, out)
    assert error.value.code is SkipCode.UNSUPPORTED
    fail(28)
    with pytest.raises(OSError, match="No space left"):
        build_variant(variants_of(["silence"])[0], source, out)
