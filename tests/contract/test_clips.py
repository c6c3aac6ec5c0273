"""Real files through the public interface: every metric that runs here, every reason to skip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter import Evaluator
from avmeter.errors import SkipError, UnknownNameError
from avmeter.features.base import PairExtractor, Window, WindowExtractor, get_extractor
from avmeter.media import MediaItem
from avmeter.metrics.requirements import requirements_of
from avmeter.registry import EXTRACTORS, METRICS
from avmeter.result import MetricResult
from avmeter.weights.catalog import get_entry
from golden import synth
from support import require
from support.media import click, flash, tone, write_media, write_pcm_wav
from support.networks import put_small_networks

RATE = 16_000
YAMNET = {"backbone": "yamnet"}
TAGGED = dict.fromkeys(("audio.kl_divergence", "audio.frechet_distance", "audio.kernel_distance", "audio.prdc"), YAMNET)
# Corpora below are small.
TAGGED = {**TAGGED, "audio.prdc": {**YAMNET, "neighbours": 2}}


def packaged_checkpoints(metric: str) -> tuple[str, ...] | None:
    """Checkpoints of a metric that reads sound and video alone; None if packages do not ship them, or it reads more."""
    needed = requirements_of(METRICS.get(metric)()).required
    files = [file for entry in needed.checkpoints for file in get_entry(entry).files]
    shipped = all(file.package and file.package.path for file in files)
    return needed.checkpoints if shipped and set(needed.fields) <= {"audio", "video"} else None


PACKAGED = {m: c for m in METRICS.builtin() if m not in TAGGED and (c := packaged_checkpoints(m)) is not None}
# These clips have no reference video, and nobody is seen in them.
CHEAP = [name for name in (*TAGGED, *PACKAGED) if not name.startswith("common.") and name != "av.mouth_loudness"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def real() -> Evaluator:
    """The metrics whose weights come with packages."""
    require.weights("yamnet", *(entry for entries in PACKAGED.values() for entry in entries))
    with require.dependencies():
        return Evaluator(CHEAP, "cpu", options=TAGGED)


@pytest.fixture(scope="module")
def clips(folder: Path) -> list[dict[str, Any]]:
    """Five clips with sound, video and a reference each, of different lengths."""
    made = []
    for i in range(5):
        wave = synth.chirp_noise(RATE, 2 + 0.7 * i, seed=i, f1=1000.0 * (i + 1))
        reference = synth.chirp_noise(RATE, 2 + 0.7 * i, seed=i + 50, f1=900.0 * (i + 1))
        wave[: RATE // 2] = 0
        frames = flash(0.5 + 0.1 * i, 25, 2)
        made.append(
            {
                "video": write_media(folder / f"{i}.mp4", wave=wave, sample_rate=RATE, frames=frames),
                "reference_audio": write_pcm_wav(folder / f"{i}-reference.wav", reference, RATE),
            }
        )
    return made


def scores(results: Any, order: list[int]) -> dict[tuple[int, str], float | None]:
    """(clip, metric) -> score, and (-1, metric) -> score of the corpus."""
    found = {(-1, name): r.score for name, r in results.corpus.items()}
    found |= {(i, name): r.score for i, row in zip(order, results, strict=True) for name, r in row.items()}
    return found


@pytest.mark.endurance
def test_neither_batch_size_nor_order_changes_a_score(real: Evaluator, clips: list[dict[str, Any]]) -> None:
    """One by one, together, and backwards: equal to float32 rounding, for clips and corpora."""
    one_by_one = Evaluator(CHEAP, "cpu", options=TAGGED, batch_size=1)
    expected = scores(real.evaluate(samples=clips), [0, 1, 2, 3, 4])
    assert all(v is not None for v in expected.values())
    assert {name for _, name in expected} == set(CHEAP)
    for evaluator, order in ((one_by_one, [0, 1, 2, 3, 4]), (real, [4, 3, 2, 1, 0])):
        found = scores(evaluator.evaluate(samples=[clips[i] for i in order]), order)
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_clip_against_itself_is_0_and_asks_whether_it_is_one_file(real: Evaluator, clips: list[dict[str, Any]]) -> None:
    """KL(x, x) = 0 and FD(X, X) = 0, with the question that such numbers raise."""
    own = [{"audio": c["reference_audio"], "reference_audio": c["reference_audio"]} for c in clips]
    with pytest.warns(UserWarning, match="their own reference"):
        results = real.evaluate(samples=own, metrics=["audio.kl_divergence", "audio.frechet_distance"])
    for row in results:
        assert row["audio.kl_divergence"].score == pytest.approx(0, abs=1e-9)
        assert "one file" in row["audio.kl_divergence"].details["question"]
    corpus = results.corpus["audio.frechet_distance"]
    assert corpus.score == pytest.approx(0, abs=1e-6)
    assert any("itself" in w for w in corpus.details["warnings"])


def test_bias_is_left_out_where_the_reference_cannot_tell_it(real: Evaluator, clips: list[dict[str, Any]]) -> None:
    """Five clips for 1024 dimensions say nothing about the bias: no number, and the reason."""
    details = real.evaluate(samples=clips, metrics=["audio.frechet_distance"]).corpus["audio.frechet_distance"].details
    assert "expected_bias" not in details
    assert any("5 reference embeddings are too few for 1024 dimensions" in w for w in details["warnings"])


# -- reasons to skip -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def odd(folder: Path) -> dict[str, Path]:
    """Clips that cannot be scored, by what is wrong with them."""
    good = tone(440, 0.3, RATE, 6)
    moving = flash(1.0, 25, 6)
    still = np.full((150, 64, 96, 3), 90, np.uint8)
    broken = np.array(good)
    broken[100] = np.nan
    return {
        "good": write_media(folder / "good.mp4", wave=good, sample_rate=RATE, frames=moving),
        "silent": write_media(folder / "silent.mp4", wave=0 * good, sample_rate=RATE, frames=moving),
        "opposed": write_media(
            folder / "opposed.mp4", wave=np.stack([good, -good]), sample_rate=RATE, frames=moving,
            audio_codec="pcm_s16le", container="mov",
        ),
        "nan": write_media(
            folder / "nan.mov", wave=broken, sample_rate=RATE, frames=moving, audio_codec="pcm_f32le"
        ),
        "mute": write_media(folder / "mute.mp4", frames=moving),
        "blind": write_pcm_wav(folder / "blind.wav", good, RATE),
        "still": write_media(folder / "still.mp4", wave=good, sample_rate=RATE, frames=still),
        "three_seconds": write_media(folder / "3s.mp4", wave=good[: 3 * RATE], sample_rate=RATE, frames=moving[:75]),
        "one_frame": write_media(folder / "one.mp4", wave=good, sample_rate=RATE, frames=moving[25:26]),
        "blip": write_pcm_wav(folder / "blip.wav", good[:200], RATE),
    }  # fmt: skip


def code(result: MetricResult) -> str | None:
    return None if result.skip is None else str(result.skip.code)


KL_CODES = {
    "good": None, "silent": "silent", "opposed": "phase_cancelled", "nan": "non_finite", "mute": "no_audio_track",
    "blind": None, "still": None, "three_seconds": None, "one_frame": None, "blip": "too_short",
}  # fmt: skip


@pytest.mark.parametrize("side", ["generated", "reference"])
@pytest.mark.parametrize("kind", KL_CODES)
def test_kl_skips_by_name_and_names_the_side(real: Evaluator, odd: dict[str, Path], kind: str, side: str) -> None:
    """Whichever side is at fault stands in front of the reason."""
    bad, good = odd[kind], odd["good"]
    pair = (bad, good) if side == "generated" else (good, bad)
    metrics = ["audio.kl_divergence"]
    result = real.evaluate(metrics=metrics, audio=pair[0], reference_audio=pair[1])[metrics[0]]
    assert code(result) == KL_CODES[kind]
    if result.skip is not None:
        assert result.score is None
        assert result.skip.reason.startswith(f"{side}: ")
        assert Path(bad).name in result.skip.reason


def test_kl_without_a_reference_says_what_to_give(real: Evaluator, odd: dict[str, Path]) -> None:
    """A missing field is a skip with a hint."""
    result = real.evaluate(metrics=["audio.kl_divergence"], audio=odd["good"])["audio.kl_divergence"]
    assert code(result) == "missing_input"
    assert "reference_audio" in result.skip.hint


def test_corpus_counts_whom_it_left_out_and_why(
    real: Evaluator, odd: dict[str, Path], clips: list[dict[str, Any]]
) -> None:
    """Bad clips do not stop a corpus, and are not forgotten."""
    bad = [{"audio": odd[k], "reference_audio": odd["good"]} for k in ("silent", "nan", "mute")]
    details = (
        real.evaluate(samples=clips + bad, metrics=["audio.frechet_distance"]).corpus["audio.frechet_distance"].details
    )
    assert details["left_out"] == {"silent": 1, "non_finite": 1, "no_audio_track": 1}
    assert (details["n_given"], details["n_used"], details["n_gen"]) == (8, 5, 5)
    # Their references are part of the reference corpus all the same.
    assert details["n_ref"] == 8


def test_generations_that_are_all_silent_have_no_distance(real: Evaluator, odd: dict[str, Path]) -> None:
    """Silence cannot improve a score by disappearing: all are counted, and there is no headline."""
    given = [{"audio": odd["silent"], "reference_audio": odd["good"]}] * 3
    result = real.evaluate(samples=given, metrics=["audio.frechet_distance"]).corpus["audio.frechet_distance"]
    assert code(result) == "too_few_samples"
    assert result.details["left_out"] == {"silent": 3}
    assert result.skip is not None
    assert "all 3 samples were left out, the first because generated: " in result.skip.reason


# Which side fails, and how. Tested on what the networks would be given: one side's network runs for minutes.
PARENTS_CODES = {
    ("synchformer_audio", "silent"): "silent",
    ("synchformer_audio", "opposed"): "phase_cancelled",
    ("synchformer_audio", "nan"): "non_finite",
    ("synchformer_audio", "mute"): "no_audio_track",
    ("synchformer_audio", "three_seconds"): "too_short",
    ("synchformer_video", "blind"): "no_video_track",
    ("synchformer_video", "still"): "still_picture",
    ("synchformer_video", "three_seconds"): "too_short",
    ("synchformer_video", "one_frame"): "too_short",
    ("imagebind_audio", "nan"): "non_finite",
    ("imagebind_audio", "mute"): "no_audio_track",
    ("imagebind_audio", "blip"): "too_short",
    ("imagebind_video", "blind"): "no_video_track",
}


@pytest.mark.parametrize("protocol", ["fastvideo", "av-benchmark"])
@pytest.mark.parametrize(("extractor", "kind"), PARENTS_CODES)
def test_audio_visual_networks_are_not_reached(odd: dict[str, Path], extractor: str, kind: str, protocol: str) -> None:
    """What is wrong with a clip stands in the code, and no window is made of it."""
    with pytest.raises(SkipError) as caught:
        next(iter(_windows(extractor, odd[kind], protocol=protocol)))
    assert str(caught.value.code) == PARENTS_CODES[extractor, kind]
    assert odd[kind].name in caught.value.message


def test_imagebind_pairs_of_av_benchmark_need_four_seconds(odd: dict[str, Path]) -> None:
    """One frame every two seconds makes a pair from four seconds on; the other protocol takes any length."""
    with pytest.raises(SkipError, match="needs 4 s"):
        next(iter(_windows("imagebind_video", odd["three_seconds"], protocol="av-benchmark")))
    for kind in ("three_seconds", "one_frame", "still"):
        assert len(list(_windows("imagebind_video", odd[kind]))) == 15
    assert len(list(_windows("imagebind_video", odd["good"], protocol="av-benchmark"))) == 6


def test_desync_of_three_seconds_says_what_it_needs(odd: dict[str, Path]) -> None:
    """Below 14 segments there is no score, and nothing is stretched unless asked for by name."""
    evaluator = Evaluator(["audio.desync"], "cpu", weights="dummy")
    put_small_networks(evaluator._computer.runtime)
    result = evaluator.evaluate(video=odd["three_seconds"])["audio.desync"]
    assert code(result) == "too_short"
    assert "need >= 4.8 s" in result.skip.reason
    assert "3.0" in result.skip.reason
    for short in ("loop", "pad"):
        for extractor in ("synchformer_audio", "synchformer_video"):
            assert len(list(_windows(extractor, odd["three_seconds"], short=short))) == 14
    with pytest.raises(UnknownNameError, match="stretch"):
        Evaluator(["audio.desync"], "cpu", weights="dummy", options={"audio.desync": {"short": "stretch"}})


def _windows(name: str, path: Path, **options: Any) -> Iterator[Window]:
    extractor = get_extractor(name, **options)
    assert isinstance(extractor, WindowExtractor)
    return extractor.windows(MediaItem.open(path))


def test_frames_without_a_rate_are_skipped(real: Evaluator) -> None:
    """Frames need a clock."""
    row = real.evaluate(
        samples=[{"video": flash(1.0, 25, 2), "audio": (tone(440, 0.3, RATE, 2), RATE)}], metrics=["av.align"]
    )[0]
    assert code(row["av.align"]) == "no_frame_rate"


def test_align_of_nothing_is_no_events_and_of_clicks_on_a_still_0(real: Evaluator, folder: Path) -> None:
    """With no event on either side there is nothing to align; with events on one side nothing is aligned."""
    still = np.full((75, 64, 96, 3), 90, np.uint8)
    silent = write_media(folder / "a.mp4", wave=np.zeros(3 * RATE, np.float32), sample_rate=RATE, frames=still)
    clicks = sum(click(t, RATE, 3) for t in (0.7, 1.4, 2.2))
    clicking = write_media(folder / "b.mp4", wave=clicks, sample_rate=RATE, frames=still)
    rows = real.evaluate(samples=[{"video": silent}, {"video": clicking}], metrics=["av.align"])
    assert code(rows[0]["av.align"]) == "no_events"
    assert rows[1]["av.align"].score == 0.0
    assert rows[1]["av.align"].details["num_onsets"] >= 3


def test_align_needs_three_frames(real: Evaluator, odd: dict[str, Path]) -> None:
    """One frame does not move."""
    row = real.evaluate(samples=[{"video": odd["one_frame"]}], metrics=["av.align"])[0]
    assert code(row["av.align"]) == "too_short"
    assert "1 frames" in row["av.align"].skip.reason


def test_dnsmos_and_loudness_skip_by_name(real: Evaluator, odd: dict[str, Path]) -> None:
    """The same codes whichever metric asks."""
    metrics = ["audio.dnsmos", "audio.loudness"]
    for kind, expected in (("mute", "no_audio_track"), ("nan", "non_finite")):
        row = real.evaluate(samples=[{"video": odd[kind]}], metrics=metrics)[0]
        assert {code(r) for r in row.values()} == {expected}
    quiet = real.evaluate(samples=[{"video": odd["silent"]}], metrics=metrics)[0]
    assert code(quiet["audio.loudness"]) == "silent"


LISTENERS = [name for name in EXTRACTORS.builtin() if EXTRACTORS.get(name).takes == "audio"]


@pytest.mark.parametrize(("value", "code"), [(1e30, "unsupported"), (3e38, "unsupported"), (np.inf, "non_finite")])
@pytest.mark.parametrize("name", LISTENERS)
def test_samples_beyond_sense_reach_no_network(name: str, value: float, code: str) -> None:
    """One sample of 1e30 is refused by every extractor, with one code."""
    wave = tone(440, 0.3, RATE, 2.0)
    wave[5] = value
    extractor: Any = get_extractor(name)
    item = MediaItem.from_audio(wave, RATE)
    if isinstance(extractor, PairExtractor):
        sound = MediaItem.from_audio(tone(440, 0.3, RATE, 2.0), RATE)
        assert refusal(lambda: extractor.compare(item, sound)) == code
        assert refusal(lambda: extractor.compare(sound, item)) == code
    elif isinstance(extractor, WindowExtractor):
        assert refusal(lambda: list(extractor.windows(item))) == code
    else:
        assert refusal(lambda: extractor.extract(item)) == code


def refusal(read: Callable[[], object]) -> str:
    """The code of the skip that it raises."""
    with pytest.raises(SkipError) as caught:
        read()
    return str(caught.value.code)
