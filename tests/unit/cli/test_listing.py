"""`avmeter list`: groups, and one metric explained."""

from __future__ import annotations

import json

import pytest

from avmeter.metrics.index import cards
from support.commandline import avmeter


@pytest.mark.parametrize("name", ["audio.frechet_distance", "fad", "frechet_distance@panns"])
def test_one_metric_is_explained(name: str) -> None:
    """By its own name, a short one or a labelled one: formula, good value, what it does not see, source."""
    shown = avmeter("list", name).out
    assert "audio.frechet_distance" in shown
    assert "audio.wer" not in shown
    for part in ("|m - n|^2", "\nA good value: ", "\nNot seen: ", "\nSource: "):
        assert part in shown


def test_explanation_is_in_the_json_of_one_metric_alone() -> None:
    """A group has rows only."""
    (row,) = json.loads(avmeter("list", "audio.wer", "--json").out)
    assert row["metric"] == "audio.wer"
    assert "A good value: " in row["explanation"]
    rows = json.loads(avmeter("list", "audio", "--json").out)
    assert len(rows) == sum(name.startswith("audio.") for name in cards())
    assert all("explanation" not in row for row in rows)


def test_unknown_name_has_near_misses_of_metrics_and_groups() -> None:
    """Nothing is listed."""
    done = avmeter("list", "audio.wet")
    assert done.code == 2
    assert "audio.wer" in done.err
    assert not done.out


def test_metric_with_a_label_needs_what_the_label_chooses() -> None:
    """Its own checkpoints, under the name that `score` takes; a label that chooses nothing is refused."""
    (row,) = json.loads(avmeter("list", "fad@openl3-music", "--json").out)
    assert (row["metric"], row["needs"]) == ("audio.frechet_distance@openl3-music", "audio, reference_audio")
    assert row["ready"] in ("yes", "lacks weights: openl3-mel256-music")
    assert "A good value: " in row["explanation"]
    assert avmeter("list", "fad@openl3-music", "--names").out == "audio.frechet_distance@openl3-music\n"
    done = avmeter("list", "fad@openl4")
    assert (done.code, done.out) == (2, "")
    assert "openl3" in done.err


def test_metric_that_has_no_score_here_is_not_called_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its network is not in avmeter or nobody is there to ask, under its own name or a label."""
    monkeypatch.delenv("AVMETER_JUDGE_URL", raising=False)
    monkeypatch.setenv("AVMETER_JUDGE_MODEL", "m")
    for name, ready in {
        "vbench.color": "no: needs the detector GRiT with detectron2, which is not in avmeter; instead: @judge",
        "vbench.color@judge": "no: set AVMETER_JUDGE_URL",
        "judge.third_person_separation": "no: set AVMETER_JUDGE_URL",
    }.items():
        (row,) = json.loads(avmeter("list", name, "--json").out)
        assert row["ready"] == ready


def test_inputs_that_a_metric_can_do_without_stand_in_brackets() -> None:
    """As in the tables of the documentation; what a corpus needs of either role does not."""
    for name, needs in {
        "physics_iq.mse": "reference, video, (reference_mask), (video_mask)",
        "audio.frechet_distance": "audio, reference_audio",
        "audio.frechet_distance@panns": "audio, reference_audio",
        "av.pe_av_similarity": "audio, video, (text_prompt)",
    }.items():
        (row,) = json.loads(avmeter("list", name, "--json").out)
        assert row["needs"] == needs


def test_metrics_of_a_preset_are_listed_with_its_options() -> None:
    """What its table needs, in its order: Seed-TTS recognises by Whisper large."""
    rows = json.loads(avmeter("list", "tts", "--json").out)
    assert [row["metric"] for row in rows][:2] == ["audio.wer", "audio.speaker_similarity@wavlm-ecapa"]
    assert rows[0]["ready"] in ("yes", "lacks weights: faster-whisper-large-v3")
    assert avmeter("list", "v2a", "--names").out.startswith("audio.frechet_distance@passt\n")
    assert "`v2a`" in avmeter("list", "v2b").err
