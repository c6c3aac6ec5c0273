"""What changes the meaning of a number is read off the results, by code."""

from __future__ import annotations

from typing import Any

import pytest

from avmeter.caveats import Caveat, CaveatCode
from avmeter.registry import METRICS
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.run.caveats import clip_caveats, csv_caveats, metric_caveats


def run_of(*details: dict[str, Any], corpus: dict[str, Any] | None = None, dummy: bool = False) -> EvalResults:
    rows = [{"m.a": MetricResult("m.a", 1.0, d, None, dummy)} for d in details]
    of_corpus = {} if corpus is None else {"m.a": MetricResult("m.a", 2.0, corpus)}
    return EvalResults(rows, of_corpus)


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"loop_suspected": True}, CaveatCode.LOOPING_TRANSCRIPT),
        ({"reference_source": "text_prompt"}, CaveatCode.WORDS_OF_THE_PROMPT),
        ({"stage_directions": ["[laughs]"]}, CaveatCode.STAGE_DIRECTIONS),
        ({"caveats": ["numbers were left alone"]}, CaveatCode.TEXT_NOT_NORMALISED),
        ({"assumed_language": "en"}, CaveatCode.ASSUMED_LANGUAGE),
        ({"truncated": True}, CaveatCode.PROMPT_CUT_OFF),
        ({"partly_read": True}, CaveatCode.PARTLY_READ),
        ({"num_windows_left_out": 2}, CaveatCode.PARTLY_READ),
        ({"silence_read": True}, CaveatCode.SILENCE_READ),
        ({"num_video_segments": 3, "num_audio_segments": 5}, CaveatCode.UNEQUAL_LENGTHS),
        ({"header_mismatch": "4 s, 2 s"}, CaveatCode.DURATION_MISMATCH),
        ({"question": "is it one file?"}, CaveatCode.SAME_AS_REFERENCE),
    ],
)
def test_detail_of_a_clip_is_a_caveat(details: dict[str, Any], code: CaveatCode) -> None:
    """Counted over the clips, and named in the row of the clip."""
    results = run_of(details, {})
    (found,) = metric_caveats(results, "m.a", [0, 1])
    assert (found.code, found.num_clips, found.num_results) == (code, 1, 2)
    assert csv_caveats(results) == [f"m.a: {code}", ""]


def test_plain_scores_have_none() -> None:
    """Nor has a score that is absent: its skip says why."""
    plain = {"loop_suspected": False, "reference_source": "reference_text", "truncated": False}
    assert metric_caveats(run_of(plain), "m.a", [0]) == []
    assert clip_caveats(MetricResult("m.a", None, {"loop_suspected": True})) == []


def test_what_normalisers_left_undone_is_said_once() -> None:
    """In their own words."""
    (found,) = metric_caveats(run_of({"caveats": ["x", "y"]}, {"caveats": ["x"]}), "m.a", [0, 1])
    assert found.text == "2 of 2: x; y"


def test_stand_in_weights_are_a_caveat() -> None:
    """Of each clip and of the metric."""
    results = run_of({}, dummy=True)
    assert [c.code for c in metric_caveats(results, "m.a", [0])] == [CaveatCode.STAND_IN_WEIGHTS]
    assert clip_caveats(results[0]["m.a"]) == [CaveatCode.STAND_IN_WEIGHTS]


def test_other_backbone_is_named() -> None:
    """The default one is not."""
    results = run_of({})
    for backbone, expected in (("passt", []), ("panns", ["backbone panns in place of passt"])):
        results.provenance = {"metrics": {"m.a": {"options": {"backbone": backbone}}}}
        texts = [c.text for c in metric_caveats(results, "m.a", [0])]
        assert len(texts) == len(expected)
        assert all(t.startswith(e) for t, e in zip(texts, expected, strict=True))


@pytest.mark.parametrize(
    ("metric", "backbone", "default"),
    [
        ("common.fvd", "i3d", None),
        ("common.kid", "inception", None),
        ("audio.kl_divergence", "passt", None),
        ("common.fvd@clip", "clip", "i3d"),
        ("optical_flow.gt_optical_flow@dis", "dis", "dpflow"),
        ("vbench.color@judge", "judge", "grit"),
    ],
)
def test_backbone_is_another_than_that_of_its_own_metric(metric: str, backbone: str, default: str | None) -> None:
    """Videos have other networks than sound: I3D stood "in place of passt"."""
    results = EvalResults([{metric: MetricResult(metric, 1.0)}], {})
    results.provenance = {"metrics": {metric: {"options": {"backbone": backbone}}}}
    expected = [] if default is None else [f"backbone {backbone} in place of {default}"]
    assert [c.text.partition(":")[0] for c in metric_caveats(results, metric, [0])] == expected


@pytest.mark.parametrize("name", sorted(METRICS.builtin()))
def test_backbone_of_a_metrics_own_name_is_its_first_choice(name: str) -> None:
    """By which the caveat knows it."""
    cls = METRICS.get(name)
    if "backbone" in cls.choices():
        assert cls().options()["backbone"] == cls.choices()["backbone"][0]


def test_corpus_score_brings_its_own() -> None:
    """With the bias that a perfect generator would have; a group of clips does not inherit them."""
    few = Caveat.of(CaveatCode.FEWER_CLIPS_THAN_DIMENSIONS, num_embeddings=8, dim=768).to_record()
    results = run_of({}, corpus={"caveats": [few], "expected_bias": 12.345, "num_truncated_prompts": 2})
    codes = [c.code for c in metric_caveats(results, "m.a", [0])]
    assert codes == ["fewer_clips_than_dimensions", "expected_bias", "prompts_cut_off"]
    assert any("would get 12.35" in c.text or "would get 12.34" in c.text for c in metric_caveats(results, "m.a", [0]))
    assert metric_caveats(results, "m.a", [0], corpus_scores={}) == []


def test_corpus_score_counts_clips_that_were_read_in_part() -> None:
    """Where no sample has a score of its own to say so."""
    corpus = MetricResult("m.fad", 2.0, {"n_used": 9, "unread": {"partly_read": 4, "header_mismatch": 1}})
    texts = [c.text for c in metric_caveats(EvalResults([{}], {"m.fad": corpus}), "m.fad", [0])]
    assert texts[0] == "4 of 9: not all of the clip was read"
    assert texts[1].startswith("1 of 9: the file's header")


@pytest.mark.parametrize("value", [5, "x", {"a": 1}, None])
def test_details_of_other_kinds_say_nothing(value: Any) -> None:
    """A plug-in may call anything of its own so; the summary of the whole run failed on it."""
    results = run_of({"caveats": value, "unread": value}, corpus={"caveats": value, "unread": value})
    assert {c.code for c in metric_caveats(results, "m.a", [0])} <= {CaveatCode.TEXT_NOT_NORMALISED}
