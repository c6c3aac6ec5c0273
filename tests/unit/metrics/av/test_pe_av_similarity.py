"""PE-AV similarity: its arithmetic, what it reads for which pair, and how clips pass through the engine."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter import Evaluator
from avmeter.engine.plan import make_plan
from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.base import Features
from avmeter.metrics.av.pe_av_similarity import PeAvSimilarity
from avmeter.metrics.base import FeatureSet
from avmeter.metrics.resolve import get_metric
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample
from support import require
from support.media import numbered, tone, write_media, write_pcm_wav
from support.pe_av import small_checkpoints

require.package("transformers")

NAME = "av.pe_av_similarity"
RATE = 48_000
SAMPLE = Sample.of({"video": "a.mp4", "text_prompt": "a dog", "id": "a"})
MEDIA_FACTS = {"model": "pe-av-small", "sound_s": 5.0, "num_frames": 16, "num_frames_of_clip": 125}
TEXT_FACTS = {"num_tokens": 4, "num_dropped": 0, "truncated": False}
EAST, NORTH, NORTHEAST = np.array([2.0, 0]), np.array([0, 3.0]), np.array([1.0, 1])
ROOT = math.sqrt(0.5)


def features(*, text: bool = True, **facts: Any) -> FeatureSet:
    """Sound to the east, video to the north, both to the north-east; the text always to the north-east."""
    found = {"media": Features(arrays={"audio": EAST, "video": NORTH, "audio_video": NORTHEAST}, facts=MEDIA_FACTS)}
    if text:
        arrays = {"audio": NORTHEAST, "video": NORTHEAST, "audio_video": NORTHEAST}
        found["text"] = Features(arrays=arrays, facts={**TEXT_FACTS, **facts})
    return FeatureSet(found)


@pytest.mark.parametrize(
    ("pair", "score"), [("audio_video", 0), ("text_audio", ROOT), ("text_video", ROOT), ("text_audio_video", 1)]
)
def test_pair_chooses_the_score_and_the_others_stand_beside(pair: str, score: float) -> None:
    """Plain cosines, each under its name; the score is the one that was asked for."""
    result = PeAvSimilarity(pair=pair).score(SAMPLE, features())
    assert result.score == pytest.approx(score, abs=1e-7)
    wanted = {"audio_video": 0, "text_audio": ROOT, "text_video": ROOT, "text_audio_video": 1}
    assert {name: result.details[name] for name in wanted} == pytest.approx(wanted, abs=1e-7)
    assert result.details["pair"] == pair
    assert MEDIA_FACTS.items() <= result.details.items()
    assert TEXT_FACTS.items() <= result.details.items()
    assert "note" not in result.details


def test_without_a_prompt_sound_and_video_are_compared_alone() -> None:
    """Nothing stands in the details that was not compared."""
    details = PeAvSimilarity().score(SAMPLE, features(text=False)).details
    assert "audio_video" in details
    assert not {"text_audio", "text_video", "text_audio_video", "note"} & details.keys()


def test_prompt_that_cannot_be_embedded_is_noted_and_costs_nothing_else() -> None:
    """Where the prompt is only an extra, its failure is a note; that there is none is not worth one."""
    given = features(text=False)
    for code, noted in ((SkipCode.WEIGHTS_UNAVAILABLE, True), (SkipCode.MISSING_INPUT, False)):
        given.skips["text"] = Skip(code=code, reason="because")
        result = PeAvSimilarity().score(SAMPLE, given)
        assert result.score == 0
        assert ("because" in result.details.get("note", "")) == noted


def test_truncated_prompt_is_noted() -> None:
    """A reader of the result sees that the end of the prompt had no influence."""
    result = PeAvSimilarity().score(SAMPLE, features(num_tokens=600, num_dropped=88, truncated=True))
    assert "600 tokens" in result.details["note"]
    assert "88" in result.details["note"]


@pytest.mark.parametrize("broken", [np.array([np.nan, 1]), np.array([0.0, 0])])
def test_embedding_without_direction_is_a_skip(broken: np.ndarray) -> None:
    """No NaN leaves the metric."""
    given = FeatureSet({"media": Features(arrays={"audio": EAST, "video": broken}, facts=MEDIA_FACTS)})
    with pytest.raises(SkipError) as caught:
        PeAvSimilarity().score(SAMPLE, given)
    assert caught.value.code == SkipCode.NON_FINITE


def test_wrong_options_are_refused_before_anything_runs() -> None:
    """By name, with the right ones."""
    for wrong in ({"pair": "video_audio"}, {"model": "pe-av-huge"}, {"protocol": "x"}):
        with pytest.raises(UnknownNameError):
            get_metric(NAME, **wrong)
    told = get_metric(NAME, pair="text_audio", model="facebook/pe-av-base").options()
    assert told == {"protocol": "fastvideo", "pair": "text_audio", "model": "facebook/pe-av-base"}


@pytest.mark.parametrize("pair", ["text_audio", "text_video", "text_audio_video"])
@pytest.mark.parametrize(("given", "code"), [({}, "missing_input"), ({"text_prompt": " \n"}, "empty_text")])
def test_pair_with_a_text_asks_for_the_prompt_by_name(pair: str, given: dict[str, str], code: str) -> None:
    """An absent prompt and an empty one are two reasons."""
    metric = PeAvSimilarity(pair=pair)
    plan = make_plan([Sample.of({"video": "a.mp4", **given})], {NAME: metric}, {})
    found = plan.requested[0, NAME]["text"]
    assert isinstance(found, Skip)
    assert found.code == code
    assert "text_prompt" in found.hint


# -- through the engine ----------------------------------------------------------------------------------------------


@pytest.fixture
def evaluator(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes evaluators with dummy weights in which every published size is small."""
    small_checkpoints(monkeypatch)
    return lambda **options: Evaluator(
        [NAME], "cpu", weights="dummy", options={NAME: options}, batch_size=options.pop("batch_size", None)
    )


def wave(duration_s: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(round(duration_s * RATE)) * 0.05
    return (tone(300 + 200 * seed, 0.3, RATE, duration_s) + noise).astype(np.float32)


def films(count: int) -> list[dict[str, Any]]:
    """Sounds, videos and prompts of different lengths, some without a prompt."""
    made = []
    for i in range(count):
        picture = np.random.default_rng(i).integers(0, 256, (3 + 7 * (i % 4), 3, 40, 60)).astype(np.uint8)
        made.append(
            {"id": f"clip {i}", "video": picture, "fps": 12.0 + i, "audio": (wave(0.3 + 0.41 * (i % 5), i), RATE)}
        )
        if i % 3:
            made[-1]["text_prompt"] = "a dog barks" * (1 + i)
    return made


def rows(ev: Any, samples: list[dict[str, Any]]) -> list[MetricResult]:
    return [row[NAME] for row in ev.evaluate(samples=samples)]


def cosines(result: MetricResult) -> dict[str, float]:
    return {
        k: v for k, v in result.details.items() if k in ("audio_video", "text_audio", "text_video", "text_audio_video")
    }


@pytest.mark.parametrize("model", ["pe-av-small", "pe-av-small-16-frame"])
def test_clips_of_mixed_lengths_together_equal_single_calls(evaluator: Any, model: str) -> None:
    """Nobody else in a batch changes a cosine; what has no prompt has no cosine with one."""
    samples = films(12)
    together = rows(evaluator(model=model), samples)
    one_by_one = evaluator(model=model, batch_size=1)
    for sample, found in zip(samples, together, strict=True):
        alone = rows(one_by_one, [sample])[0]
        assert cosines(found) == pytest.approx(cosines(alone), abs=1e-5)
        assert ("text_audio_video" in found.details) == ("text_prompt" in sample)
        assert found.details["num_frames"] == (16 if "16" in model else len(sample["video"]))
    assert len({round(r.score, 6) for r in together}) == 12


def test_dummy_weights_are_marked_in_the_result(evaluator: Any) -> None:
    """A number that means nothing says so."""
    assert all(result.dummy for result in rows(evaluator(model="pe-av-base"), films(2)))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Clips by what is odd about them."""
    folder = tmp_path_factory.mktemp("clips")
    picture = numbered(10)
    broken = wave(1)
    broken[5] = np.nan
    return {
        "good": write_media(folder / "good.mp4", wave=wave(1), frames=picture),
        "mute": write_media(folder / "mute.mp4", frames=picture),
        "blind": write_pcm_wav(folder / "blind.wav", wave(1), RATE),
        "silent": write_media(folder / "silent.mp4", wave=0 * wave(1), frames=picture),
        "one_frame": write_media(folder / "one_frame.mp4", wave=wave(1), frames=picture[:1]),
        "nan": write_media(folder / "nan.mov", wave=broken, frames=picture, audio_codec="pcm_f32le"),
        "blip": write_media(folder / "blip.mov", wave=wave(0.03), frames=picture, audio_codec="pcm_s16le"),
    }


# Clip -> code for each pair that does not score it.
NEITHER = ("audio_video", "text_audio_video")
CODES: dict[str, dict[str, str]] = {
    "good": {},
    "mute": dict.fromkeys((*NEITHER, "text_audio"), "no_audio_track"),
    "blind": dict.fromkeys((*NEITHER, "text_video"), "no_video_track"),
    "silent": dict.fromkeys((*NEITHER, "text_audio"), "silent"),
    "one_frame": {},
    "nan": dict.fromkeys((*NEITHER, "text_audio"), "non_finite"),
    "blip": dict.fromkeys((*NEITHER, "text_audio"), "too_short"),
}


@pytest.mark.parametrize("pair", ["audio_video", "text_audio", "text_video", "text_audio_video"])
def test_odd_clip_is_scored_or_skipped_by_name(evaluator: Any, clips: dict[str, Path], pair: str) -> None:
    """By what the pair reads: a sound file has no video to be compared, but its prompt; reasons name the file."""
    ev = evaluator(model="pe-av-small", pair=pair)
    for kind, path in clips.items():
        result = rows(ev, [{"video": path, "text_prompt": "a dog barks"}])[0]
        assert (None if result.skip is None else str(result.skip.code)) == CODES[kind].get(pair), kind
        if result.skip is None:
            assert math.isfinite(result.score)
        else:
            assert result.score is None
            assert path.name in result.skip.reason


@pytest.mark.parametrize("pair", ["text_audio", "text_video", "text_audio_video"])
def test_clip_without_the_prompt_that_its_pair_needs_is_skipped(
    evaluator: Any, clips: dict[str, Path], pair: str
) -> None:
    """Absent or empty: a skip of its own name, and the hint says what to give."""
    ev = evaluator(model="pe-av-small", pair=pair)
    for given, code in (({}, "missing_input"), ({"text_prompt": " "}, "empty_text")):
        result = rows(ev, [{"video": clips["good"], **given}])[0]
        assert result.score is None
        assert result.skip is not None
        assert result.skip.code == code
        assert "text_prompt" in result.skip.hint


def test_sound_file_alone_is_compared_with_its_prompt(evaluator: Any, clips: dict[str, Path]) -> None:
    """Text to audio: no video is asked for, and no network for video runs."""
    ev = evaluator(model="pe-av-small", pair="text_audio")
    result = rows(ev, [{"audio": clips["blind"], "text_prompt": "a dog barks"}])[0]
    assert cosines(result) == {"text_audio": result.score}
    assert "pe_av_frame" not in ev._executor.counts.windows


def test_prompt_beyond_the_limit_is_cut_with_a_note(evaluator: Any, clips: dict[str, Path]) -> None:
    """The rest of the clip's result is as ever."""
    ev = evaluator(model="pe-av-small")
    result = rows(ev, [{"video": clips["good"], "text_prompt": "rain " * 600}])[0]
    assert result.score is not None
    assert "were not read" in result.details["note"]


def test_absent_checkpoint_is_a_skip_with_a_way_to_get_it(
    clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Offline and not here: the clip is skipped by name, and the hint is the command."""
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("AVMETER_WEIGHTS", raising=False)
    result = rows(Evaluator([NAME], "cpu"), [{"video": clips["good"]}])[0]
    assert result.skip is not None
    assert result.skip.code == "weights_unavailable"
    assert "pe-av-large" in result.skip.hint


def test_sound_and_video_of_different_lengths_are_noted() -> None:
    """PE-AV stretches the one over the other: whoever reads the score sees how far."""
    for picture_s, noted in ((5.2, False), (8.0, True)):
        facts = {**MEDIA_FACTS, "picture_s": picture_s}
        given = features(num_tokens=600, num_dropped=88, truncated=True)
        given["media"] = Features(arrays=given["media"].arrays, facts=facts)
        note = PeAvSimilarity().score(SAMPLE, given).details["note"]
        assert ("the sound lasts 5.00 s and the video 8.00 s" in note) == noted
        assert "600 tokens" in note
