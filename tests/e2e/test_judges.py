"""A run whose metrics ask a judge: an endpoint of this test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import avmeter.fastvideo as eval
import avmeter.weights.locate
from avmeter import create_evaluator
from avmeter.errors import SkipCode
from avmeter.fastvideo.names import fastvideo_names
from golden.scenes import scene
from support.judge import MODEL, judge_server
from support.media import write_media

JUDGED = [f"{name}@judge" for name in ("vbench.object_class", "vbench.color", "vbench.scene", "videoscore2.score")]
PAIR = "judge.third_person_separation"


def answer(question: str) -> str:
    """What a model that likes everything says, and in a pair the first video."""
    if "winner" in question:
        return '{"winner": "first"}'
    if "description" in question:
        return '{"description": "Blocks on a beach."}'
    if "visual_quality" in question:
        return '{"visual_quality": 4, "text_alignment": 5, "physical_consistency": 3}'
    choice = "same color" if "color" in question else "yes"
    return json.dumps({"answers": [choice] * 4})


@pytest.fixture
def sample(tmp_path: Path) -> dict[str, Any]:
    """A video and its reference, of six frames."""
    for name, late in (("video", 0), ("reference", 2)):
        write_media(tmp_path / f"{name}.mp4", frames=scene(6, height=64, width=64, late=late), fps=10)
    clips = {name: tmp_path / f"{name}.mp4" for name in ("video", "reference")}
    return {**clips, "text_prompt": "a red dog", "auxiliary_info": {"object": "dog", "color": "red", "scene": "beach"}}


def test_answers_are_scores_and_are_asked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Both orders of a pair; a second run takes them from the store, without the endpoint and offline.

    What the endpoint is let in by is in no file and no log.
    """
    options = {name: {"num_images": 4} for name in (*JUDGED, PAIR)}
    arguments: Any = {"device": "cpu", "options": options, "store": tmp_path / "store.sqlite"}
    with judge_server(answer) as judge:
        judge.use(monkeypatch, key="secret-key", headers="api-key: secret-header")
        evaluator = create_evaluator(metrics=[*JUDGED, PAIR], **arguments)
        results = evaluator.evaluate(samples=[sample])
        assert judge.headers[0]["api-key"] == "secret-header"
        assert [results[0][name].score for name in JUDGED] == [1.0, 1.0, 1.0, 4.0]
        assert len(judge.asked) == len(JUDGED) + 2
    results.write(tmp_path / "run")
    assert not any(b"secret-" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert "secret-" not in caplog.text
    details = results[0][JUDGED[0]].details
    assert (details["model"], details["answered_by"]) == (MODEL, f"{MODEL}-0711")
    pair = results.corpus[PAIR]
    assert pair.skip is not None  # the judge always prefers the first video: a tie
    assert pair.skip.code is SkipCode.NO_EVENTS
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    again = create_evaluator(metrics=JUDGED, **arguments).evaluate(samples=[sample])
    assert [again[0][name].score for name in JUDGED] == [1.0, 1.0, 1.0, 4.0]
    changed = create_evaluator(metrics=JUDGED, **arguments).evaluate(samples=[{**sample, "text_prompt": "a red cat"}])[
        0
    ]
    assert changed["vbench.scene@judge"].score == 1.0  # is not asked about the prompt
    assert changed["videoscore2.score@judge"].skip.code is SkipCode.OFFLINE


def test_failure_of_the_judge_is_the_skip_of_one_clip(monkeypatch: pytest.MonkeyPatch, sample: dict[str, Any]) -> None:
    """The others have their scores."""
    replies = ['{"description": "a beach"}', "I cannot help with that."]
    with judge_server(lambda _: replies.pop()) as judge:
        judge.use(monkeypatch)
        evaluator = create_evaluator(metrics=["vbench.scene@judge"], device="cpu")
        swapped = {**sample, "video": sample["reference"], "reference": sample["video"]}
        results = evaluator.evaluate(samples=[sample, swapped])
    found = [row["vbench.scene@judge"] for row in results]
    assert sorted(result.score is None for result in found) == [False, True]
    (skip,) = [result.skip for result in found if result.skip is not None]
    assert skip.code is SkipCode.UNUSABLE_ANSWER
    assert "cannot help" in skip.reason


def test_every_name_of_fastvideo_is_a_score_or_a_skip_that_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: dict[str, Any]
) -> None:
    """All 36, on one pair, without a network on this machine, an endpoint or the internet."""
    for name in ("AVMETER_JUDGE_URL", "AVMETER_JUDGE_MODEL", "AVMETER_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AVMETER_OFFLINE", "1")
    monkeypatch.setenv("AVMETER_CACHE", str(tmp_path))
    monkeypatch.setattr(avmeter.weights.locate, "find_in_package", lambda _: None)
    names = fastvideo_names()
    assert len(names) == 36
    clips = {name: sample[name] for name in ("video", "reference")}
    with pytest.warns(UserWarning, match=r"not in avmeter yet.*synthetic_optical_flow"):
        evaluator = eval.create_evaluator(metrics=list(names), device="cpu")
    of_sound = [name for name in evaluator.metric_names if name.startswith("audio.")]
    results: dict[str, Any] = {}
    for chosen, row in ((of_sound, clips), ([n for n in evaluator.metric_names if n not in of_sound], sample)):
        found = evaluator.evaluate(samples=[row], metrics=chosen)
        results |= {**found[0], **found.corpus}
    assert [name for name, known in names.items() if known.here not in results] == []
    for result in results.values():
        assert (result.score is None) == (result.skip is not None)
        if result.skip is not None:
            assert result.skip.code is not SkipCode.FAILED
            assert result.skip.reason
