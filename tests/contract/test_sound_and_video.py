"""What the metrics of sound and video make of odd clips, through the public interface, with small networks."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avmeter import Evaluator
from avmeter.errors import UsageError
from avmeter.metrics.resolve import get_metric
from avmeter.result import MetricResult
from support import require
from support.media import cut_file, tone, write_media, write_pcm_wav
from support.networks import put_small_networks

RATE = 16_000
DESYNC, SCORE, ALIGN = "audio.desync", "audio.imagebind_score", "av.align"
TEXT_AUDIO, TEXT_VIDEO, JAVIS = "av.imagebind_text_audio", "av.imagebind_text_video", "av.javis_score"
METRICS = (DESYNC, SCORE, ALIGN, TEXT_AUDIO, TEXT_VIDEO, JAVIS)
OF_SOUND = (SCORE, ALIGN, TEXT_AUDIO, JAVIS)
PE_AV = "av.pe_av_similarity"
PROMPT = "a ball bounces"
Scored = Callable[[str], dict[str, MetricResult]]


@pytest.fixture(scope="module")
def scorer() -> Evaluator:
    with require.dependencies():
        evaluator = Evaluator(METRICS, "cpu", weights="dummy")
    put_small_networks(evaluator._computer.runtime)
    return evaluator


def bouncing(num_frames: int, height: int = 64, width: int = 96) -> np.ndarray:
    """A bright ball that jumps every eighth frame over a video whose left and right, top and bottom differ."""
    frames = np.zeros((num_frames, height, width, 3), np.uint8)
    frames[..., 0] = np.linspace(0, 200, height)[:, None]
    frames[..., 1] = np.linspace(0, 120, width)
    for i in range(num_frames):
        top, left = (i // 8 * 12) % (height - 20), (i // 8 * 20) % (width - 20)
        frames[i, top : top + 16, left : left + 16] = 255
    return frames


def clicking(duration_s: float) -> np.ndarray:
    """A tone with four clicks a second."""
    wave = tone(440, 0.3, RATE, duration_s)
    wave[RATE // 8 :: RATE // 4] = 0.9
    return wave


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def clips(folder: Path) -> dict[str, Path]:
    """Clips by what is odd about them."""
    wave, video = clicking(6), bouncing(150)
    still = np.repeat(video[:1], 150, axis=0)

    def clip(name: str, **content: Any) -> Path:
        return write_media(folder / name, sample_rate=RATE, **content)

    with av.open(str(folder / "image.png"), "w", format="image2") as out:
        stream = out.add_stream("png")
        stream.width, stream.height, stream.pix_fmt = 96, 64, "rgb24"
        for frame in (av.VideoFrame.from_ndarray(video[0], format="rgb24"), None):
            for packet in stream.encode(frame):
                out.mux(packet)
    return {
        "good": clip("good.mp4", wave=wave, frames=video),
        "no_sound": clip("no_sound.mp4", frames=video),
        "no_video": write_pcm_wav(folder / "no_video.wav", wave, RATE),
        "image_file": folder / "image.png",
        "silent": clip("silent.mp4", wave=0 * wave, frames=video),
        "still": clip("still.mp4", wave=wave, frames=still),
        "three_seconds": clip("three_seconds.mp4", wave=wave[: 3 * RATE], frames=video[:75]),
        "one_frame": clip("one_frame.mp4", wave=wave, frames=video[:1]),
        "two_frames": clip("two_frames.mp4", wave=wave, frames=video[:2]),
        "no_index": cut_file(clip("whole.mp4", wave=wave, frames=video), folder / "no_index.mp4", 2 / 3),
    }


# Codes by metric; metrics that are not named give a score.
CODES: dict[str, dict[str, str]] = {
    "good": {},
    "no_sound": dict.fromkeys((DESYNC, SCORE, ALIGN, TEXT_AUDIO, JAVIS), "no_audio_track"),
    "no_video": dict.fromkeys((DESYNC, SCORE, ALIGN, TEXT_VIDEO, JAVIS), "no_video_track"),
    "silent": {DESYNC: "silent"},
    "still": {DESYNC: "still_picture"},
    "three_seconds": {DESYNC: "too_short"},
    "one_frame": {DESYNC: "too_short", ALIGN: "too_short"},
    "two_frames": {DESYNC: "too_short", ALIGN: "too_short"},
    "no_index": dict.fromkeys(METRICS, "decode_error"),
}


def codes(row: dict[str, MetricResult]) -> dict[str, str]:
    return {name: str(result.skip.code) for name, result in row.items() if result.skip is not None}


def score(scorer: Evaluator, metrics: Sequence[str] | None = None, **sample: Any) -> dict[str, MetricResult]:
    """Results of one clip: of all metrics, or of those that a test is about."""
    row: dict[str, MetricResult] = scorer.evaluate(samples=[{"text_prompt": PROMPT, **sample}], metrics=metrics)[0]
    return row


@pytest.fixture(scope="module")
def scored(scorer: Evaluator, clips: dict[str, Path]) -> Scored:
    """All results of a clip by what is odd about it; scored once, however many tests look at them."""
    return functools.cache(lambda kind: score(scorer, video=clips[kind]))


@pytest.mark.parametrize("kind", CODES)
def test_odd_clip_is_scored_or_skipped_by_name(scored: Scored, clips: dict[str, Path], kind: str) -> None:
    """Each metric gives a finite score or its own code, and the reason names the file."""
    row = scored(kind)
    assert codes(row) == CODES[kind]
    for result in row.values():
        if result.skip is None:
            assert result.score is not None
            assert math.isfinite(result.score)
        else:
            assert result.score is None
            assert clips[kind].name in result.skip.reason


def test_image_file_is_no_video_and_costs_only_what_needs_one(scorer: Evaluator, clips: dict[str, Path]) -> None:
    """A PNG where a video was expected is unreadable; what needs only the sound is scored."""
    row = score(scorer, video=clips["image_file"], audio=clips["no_video"])
    assert codes(row) == dict.fromkeys((DESYNC, SCORE, ALIGN, TEXT_VIDEO, JAVIS), "unreadable")


MEASURED = [
    ("no_sound", DESYNC, "1 video stream, h264, 96x64, 25 fps"),
    ("no_video", JAVIS, "1 audio stream, pcm_s16le, 1 ch, 16000 Hz"),
    ("three_seconds", DESYNC, "lasts 3.00 s; need >= 4.8 s"),
    ("one_frame", DESYNC, "lasts 0.04 s; need >= 4.8 s"),
    ("one_frame", ALIGN, "1 frames; motion peaks need at least 3"),
]


@pytest.mark.parametrize(("kind", "metric", "measured"), MEASURED)
def test_reason_has_the_measured_values(scored: Scored, kind: str, metric: str, measured: str) -> None:
    """What was found, beside what is needed."""
    skip = scored(kind)[metric].skip
    assert skip is not None
    assert measured in skip.reason


@pytest.mark.parametrize("num_frames", [1, 2])
def test_javis_score_of_fewer_than_three_frames_is_that_of_the_worst_frame(scored: Scored, num_frames: int) -> None:
    """40 % of two frames are none, and a mean over none would be NaN: one counts, and the note says so."""
    result = scored(("one_frame", "two_frames")[num_frames - 1])[JAVIS]
    assert result.details["counted_per_window"] == [1, 1]
    assert result.details["frames_per_window"] == [num_frames, num_frames]
    assert f"a window shows {num_frames} frame" in result.details["note"]
    assert result.details["num_windows"] == 1
    assert result.details["num_windows_left_out"] == 9


def test_cut_file_is_scored_as_far_as_it_goes_and_the_details_say_so(scorer: Evaluator, folder: Path) -> None:
    """An mp4 with its index in front and its end missing: what exists is measured, and details have both lengths."""
    whole = write_media(
        folder / "index_first.mp4", wave=clicking(12), sample_rate=RATE, frames=bouncing(300),
        options={"movflags": "+faststart"},
    )  # fmt: skip
    row = score(scorer, video=cut_file(whole, folder / "end_missing.mp4", 0.75))
    assert codes(row) == {}
    for metric in (DESYNC, *OF_SOUND):
        said = row[metric].details["header_mismatch"]
        assert said.startswith("the header promises 12.0")
        assert "could be decoded" in said
    assert "header_mismatch" not in row[TEXT_VIDEO].details
    for result in score(scorer, video=whole).values():
        assert "header_mismatch" not in result.details


@pytest.mark.parametrize("rotation_deg", [90, -90, 180])
def test_rotated_video_scores_as_if_it_were_stored_upright(scorer: Evaluator, folder: Path, rotation_deg: int) -> None:
    """The display matrix turns frames before any network sees them, for portrait clips of phones too."""
    upright = bouncing(130, 96, 64) if rotation_deg != 180 else bouncing(130)
    stored = np.rot90(upright, -rotation_deg // 90, axes=(1, 2))
    wave = clicking(5.2)

    def scores(name: str, metrics: Sequence[str] = METRICS, **content: Any) -> dict[str, float | None]:
        path = write_media(
            folder / f"{name}{rotation_deg}.mov", wave=wave, sample_rate=RATE, video_codec="png", pixel_format="rgb24",
            **content,
        )  # fmt: skip
        return {metric: result.score for metric, result in score(scorer, metrics, video=path).items()}

    turned = scores("turned", frames=stored, rotation_deg=rotation_deg)
    plain = scores("plain", frames=upright)
    assert None not in plain.values()
    # Lossless, so that turned pixels are the same pixels.
    assert turned == pytest.approx(plain, abs=1e-6)
    sideways = scores("sideways", (SCORE, TEXT_VIDEO, JAVIS), frames=stored)
    for metric in sideways:
        assert sideways[metric] != pytest.approx(plain[metric], abs=1e-4), f"{metric} cannot tell what is up"


def test_portrait_video_is_seen_whole(scorer: Evaluator, folder: Path) -> None:
    """Taller than wide: every metric has a score, from frames with the short side across."""
    path = write_media(folder / "tall.mp4", wave=clicking(5.2), sample_rate=RATE, frames=bouncing(130, 128, 48))
    assert codes(score(scorer, video=path)) == {}


@pytest.mark.parametrize(
    ("prompt", "code"), [(None, "missing_input"), ("", "empty_text"), (" \n", "empty_text"), ("\x07", "empty_text")]
)
def test_prompt_without_words_is_a_skip_of_the_prompts_metrics(
    scorer: Evaluator, clips: dict[str, Path], prompt: str | None, code: str
) -> None:
    """No embedding of nothing; the other metrics do not mind."""
    row = score(scorer, video=clips["three_seconds"], text_prompt=prompt)
    assert codes(row) == {DESYNC: "too_short", TEXT_AUDIO: code, TEXT_VIDEO: code}


def test_prompt_that_is_too_long_is_cut_and_the_details_say_so(scorer: Evaluator, clips: dict[str, Path]) -> None:
    """The network reads 77 tokens: what lies behind them changes nothing, and the count is reported."""
    long = "a ball " * 40
    metrics = (TEXT_AUDIO, TEXT_VIDEO)
    row, other, short = (
        score(scorer, metrics, video=clips["three_seconds"], text_prompt=p) for p in (long, long + " and a dog", PROMPT)
    )
    for metric in metrics:
        assert row[metric].details["num_tokens"] == len(long.strip()) + 2
        assert f"the last {len(long.strip()) + 2 - 77} were not read" in row[metric].details["note"]
        assert row[metric].score == other[metric].score
        assert row[metric].score != short[metric].score


def test_late_sound_track_keeps_its_place(scorer: Evaluator, folder: Path) -> None:
    """JavisScore compares what a player plays together, as DeSync does: a delay in the container counts."""
    wave, video = clicking(6), bouncing(150)
    wave[: 3 * RATE] = 0
    moved = np.concatenate([np.zeros(RATE, np.float32), wave])[: 6 * RATE]
    late = write_media(folder / "late.mp4", wave=wave[: 5 * RATE], sample_rate=RATE, frames=video, audio_start_s=1.0,
                       audio_codec="pcm_s16le", container="mov")  # fmt: skip
    shifted = write_media(folder / "shifted.mov", wave=moved, sample_rate=RATE, frames=video, audio_codec="pcm_s16le")
    there, here = (score(scorer, (JAVIS,), video=path)[JAVIS].score for path in (late, shifted))
    assert there == pytest.approx(here, abs=1e-4)


UNFIT = [
    (DESYNC, {"short": 1}), (DESYNC, {"short": ["loop"]}), (DESYNC, {"curve": "no"}), (DESYNC, {"curve": None}),
    (SCORE, {"channel": None}), (SCORE, {"channel": 1}), (TEXT_AUDIO, {"mean_removal": ["running"]}),
    (JAVIS, {"fps": "fast"}), (JAVIS, {"fps": "12"}), (JAVIS, {"fps": True}), (JAVIS, {"fps": 1e9}),
    (JAVIS, {"lowest": "a"}), (JAVIS, {"lowest": None}), (JAVIS, {"lowest": True}), (JAVIS, {"window_s": "x"}),
    (JAVIS, {"window_s": None}), (JAVIS, {"overlap_s": math.inf}), (JAVIS, {"overlap_s": "1"}),
    (PE_AV, {"pair": 5}), (PE_AV, {"pair": None}), (PE_AV, {"pair": ["audio_video"]}), (PE_AV, {"model": 5}),
    (PE_AV, {"model": "x" * 5000}), (PE_AV, {"model": "a\0b"}),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "options"), UNFIT)
def test_option_of_a_wrong_type_is_refused_in_a_sentence(metric: str, options: dict[str, Any]) -> None:
    """Options come from command lines and files: what fits nothing is the user's mistake, refused with a hint."""
    with require.dependencies():
        get_metric(metric)
    with pytest.raises(UsageError) as caught:
        get_metric(metric, **options)
    assert caught.value.hint


def test_sound_that_begins_when_the_video_is_over_is_no_javis_score(scorer: Evaluator, folder: Path) -> None:
    """The silence before it is no sound of this video."""
    path = write_media(
        folder / "behind.mkv", wave=clicking(3), sample_rate=RATE, frames=bouncing(75), audio_start_s=5.0
    )
    result = score(scorer, (JAVIS,), video=path)[JAVIS]
    assert result.skip is not None
    assert str(result.skip.code) == "empty_audio"
    assert "starts at 5.0" in result.skip.reason
    assert "video of 3.00 s" in result.skip.reason


def test_silence_in_the_channel_that_is_read_is_noted(scorer: Evaluator, folder: Path) -> None:
    """ImageBind embeds silence like any sound: the score stands, and says what was read."""
    wave = clicking(6)
    for name, channels, said in (
        ("left_silent", [0 * wave, wave], "the first of 2 channels"),
        ("all_silent", [0 * wave, 0 * wave], "the sound is silent"),
        ("right_silent", [wave, 0 * wave], ""),
    ):
        path = write_media(
            folder / f"{name}.mov", wave=np.stack(channels), sample_rate=RATE, frames=bouncing(150),
            audio_codec="pcm_s16le",
        )  # fmt: skip
        for result in score(scorer, (SCORE, TEXT_AUDIO, JAVIS), video=path).values():
            assert result.score is not None
            note = result.details.get("note", "")
            assert said in note
            assert bool(note) == bool(said)


def test_desync_of_ends_too_far_apart_has_both_lengths(scorer: Evaluator, folder: Path) -> None:
    """Of a long video only the ends are encoded; where the sound's end lies between them the reason has both."""
    path = write_media(folder / "20s.mp4", wave=clicking(8), sample_rate=RATE, frames=bouncing(500))
    skip = score(scorer, (DESYNC,), video=path)[DESYNC].skip
    assert skip is not None
    assert "8.00 s of sound and 19.84 s of picture" in skip.reason
    assert "curve=true" in skip.hint


def test_rule_for_short_clips_is_named_where_it_was_used_and_nowhere_else(clips: dict[str, Path]) -> None:
    """A clip that is long enough is measured as it is, and its result does not say otherwise."""
    evaluator = Evaluator([DESYNC], "cpu", weights="dummy", options={DESYNC: {"short": "loop"}})
    put_small_networks(evaluator._computer.runtime)
    short, long = (score(evaluator, video=clips[kind])[DESYNC] for kind in ("three_seconds", "good"))
    assert short.score is not None
    assert short.details["short"] == "loop"
    assert "short" not in long.details


def test_video_whose_last_frame_is_held_is_too_short_by_its_own_measure(scorer: Evaluator, folder: Path) -> None:
    """DeSync reads moving frames; a reason that gave the time with the last one held would contradict itself."""
    path = folder / "held.mp4"
    plain = write_media(folder / "held_not.mp4", frames=bouncing(50))
    with av.open(str(plain)) as source, av.open(str(path), "w") as out:
        stream = source.streams.video[0]
        copied = out.add_stream_from_template(stream)
        packets = [p for p in source.demux(stream) if p.size]
        packets[-1].duration *= 100
        for packet in packets:
            packet.stream = copied
            out.mux(packet)
    sound = write_pcm_wav(folder / "held.wav", clicking(6), RATE)
    skip = score(scorer, (DESYNC,), video=path, audio=sound)[DESYNC].skip
    assert skip is not None
    assert "the picture lasts 2.00 s before its last frame is held; need >= 4.8 s" in skip.reason


@pytest.mark.parametrize("share", [0.7, 0.8, 0.9, 0.93, 0.95, 0.98, 0.999])
def test_cut_that_goes_through_a_frame_leaves_the_frames_before_it(
    scorer: Evaluator, folder: Path, share: float
) -> None:
    """Wherever the end of a file is missing, the frames that are whole are scored."""
    whole = write_media(
        folder / "whole_front.mp4", wave=clicking(6), sample_rate=RATE, frames=bouncing(150),
        options={"movflags": "+faststart"},
    )  # fmt: skip
    row = score(scorer, video=cut_file(whole, folder / f"cut{share}.mp4", share))
    assert codes(row) in ({}, {DESYNC: "too_short"})


def test_noise_of_an_encoder_is_no_motion(scored: Scored) -> None:
    """A still image has no motion peaks, so that clicks over it are aligned with nothing."""
    result = scored("still")[ALIGN]
    assert result.score == 0.0
    assert result.details["num_motion_peaks"] == 0
